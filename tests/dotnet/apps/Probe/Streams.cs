// SPDX-License-Identifier: Apache-2.0
namespace Probe;

/// <summary>Standard streams, terminals and files.</summary>
internal static class Streams
{
    public static int Input(string[] arguments)
    {
        var text = Console.In.ReadToEnd();
        Console.Write(text.ToUpperInvariant());
        Console.WriteLine(text.Length);
        return 0;
    }

    public static int Error(string[] arguments)
    {
        Console.WriteLine("to standard output");
        Console.Error.WriteLine("to standard error");
        return 0;
    }

    public static int Terminal(string[] arguments)
    {
        Console.WriteLine($"{Console.IsInputRedirected} {Console.IsOutputRedirected} {Console.IsErrorRedirected}");
        if (!Console.IsOutputRedirected)
            Console.WriteLine($"{Console.WindowWidth}x{Console.WindowHeight}");
        return 0;
    }

    public static int Read(string[] paths)
    {
        foreach (var path in paths)
            Console.Write(File.ReadAllText(path));
        return 0;
    }

    /// <summary>Tries to write to each path (to make a file in it, if it is a folder), and says how it went.</summary>
    public static int Write(string[] paths)
    {
        foreach (var path in paths)
            try
            {
                if (Directory.Exists(path))
                    File.WriteAllText(Path.Combine(path, "written"), "written");
                else
                    using (File.Open(path, FileMode.Append, FileAccess.Write)) { }
                Console.WriteLine($"{path}: written");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Console.WriteLine($"{path}: refused");
            }
        return 0;
    }
}
