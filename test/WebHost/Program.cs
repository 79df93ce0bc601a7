using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

// serve URL: Kestrel, which tells who asks, and counts what is posted to /count.
// fetch URL: HttpClient, one request, then 50 at once, then a large one.
if (args is ["serve", string listen])
{
    WebApplication app = WebApplication.Create();
    app.Urls.Add(listen);
    app.MapGet("/", (HttpContext context) =>
        $"{context.Connection.RemoteIpAddress?.MapToIPv4()} to {context.Connection.LocalIpAddress?.MapToIPv4()}:{context.Connection.LocalPort}");
    app.MapPost("/count", async (HttpRequest request) =>
    {
        using MemoryStream content = new();
        await request.Body.CopyToAsync(content);
        return content.Length.ToString(CultureInfo.InvariantCulture);
    });
    await app.RunAsync();
}
else if (args is ["fetch", string server])
{
    using HttpClient client = new() { BaseAddress = new Uri(server), Timeout = TimeSpan.FromSeconds(50) };
    Console.WriteLine(await client.GetStringAsync("/"));
    string[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => client.GetStringAsync("/")));
    Console.WriteLine($"{answers.Length} answers, {answers.Distinct().Count()} different");
    using ByteArrayContent large = new(new byte[5_000_000]);
    using HttpResponseMessage counted = await client.PostAsync("/count", large);
    Console.WriteLine($"{await counted.Content.ReadAsStringAsync()} octets");
}
else
    return 2;
return 0;
