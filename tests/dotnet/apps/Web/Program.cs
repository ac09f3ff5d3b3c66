// SPDX-License-Identifier: Apache-2.0
// An ASP.NET Core minimal API. --urls says where it listens. As a service it tells its supervisor
// when it is ready, and when it stops.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
builder.Services.AddSystemd();
var app = builder.Build();

app.MapGet("/", () => "Hello from ASP.NET Core");
app.MapGet("/add/{a}/{b}", (int a, int b) => new { sum = a + b });
app.MapPost("/length", async (HttpRequest request) => (await new StreamReader(request.Body).ReadToEndAsync()).Length);
app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine("started"));
app.Lifetime.ApplicationStopped.Register(() => Console.WriteLine("stopped"));
app.Run();
