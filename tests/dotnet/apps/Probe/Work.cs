// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Probe;

/// <summary>Parts of the framework that need more than the runtime: native libraries, threads, sockets.</summary>
internal static class Work
{
    public static int Hash(string[] words)
    {
        Console.WriteLine(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(words[0]))));
        return 0;
    }

    public static int Json(string[] words)
    {
        Console.WriteLine(JsonNode.Parse(words[0])!["name"]!.GetValue<string>());
        return 0;
    }

    public static int Pool(string[] arguments)
    {
        var sum = 0;
        Parallel.For(0, 1000, i => Interlocked.Add(ref sum, i));
        Console.WriteLine(sum);
        return 0;
    }

    public static int Sockets(string[] arguments)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        client.Connect((IPEndPoint)listener.LocalEndpoint);
        using var server = listener.AcceptTcpClient();
        server.GetStream().Write("over loopback\n"u8);
        server.Close();
        Console.Write(new StreamReader(client.GetStream()).ReadToEnd());
        return 0;
    }
}
