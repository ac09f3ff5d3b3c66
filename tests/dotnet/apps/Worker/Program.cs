// SPDX-License-Identifier: Apache-2.0
// A background service that ends its work before it goes.
var builder = Host.CreateApplicationBuilder(args);
builder.Logging.ClearProviders();
builder.Services.AddHostedService<Worker>();
builder.Build().Run();
Console.WriteLine("the host has stopped");

internal sealed class Worker : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        Console.WriteLine("ready");
        await Task.Delay(Timeout.Infinite, stopping).ContinueWith(_ => { }, CancellationToken.None);
        await Task.Run(() => System.Security.Cryptography.SHA256.HashData(new byte[50_000_000]), CancellationToken.None);
        Console.WriteLine("the work is done");
    }
}
