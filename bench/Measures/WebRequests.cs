using System.Globalization;
using System.Text.RegularExpressions;
using Pyco.Bench.Hosts;
using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>wrk asks nginx for a small file, over connections that stay or over a new one for each request.</summary>
internal sealed partial class WebRequests(bool keepAlive) : PairMeasure
{
    private const int Connections = 16;

    public override string Name => keepAlive ? "requests" : "connections";

    protected override Figure[] NewFigures() =>
    [
        new(
            keepAlive ? "nginx, keep-alive, 1 KiB file" : "nginx, a connection for each request",
            "1/s",
            Bar.RatioAtLeast(Subject.Own, Subject.Veth, keepAlive ? 0.8 : 0.7, 1),
            Bar.Compare(Subject.Stock, Subject.Tap)),
    ];

    protected override double[] MeasureOnce(HostPair pair, Laboratory laboratory)
    {
        using Child server = pair.Server.Start("nginx", "-p", laboratory.Folder, "-e", "stderr", "-c", Configure(laboratory.Folder));
        pair.WaitUntilListening(80);
        string[] header = keepAlive ? [] : ["-H", "Connection: close"];
        using Child client = pair.Client.Start(
        [
            "wrk", "-t1", $"-c{Connections}", $"-d{laboratory.Options.Seconds}s", .. header, $"http://{pair.Server.Address}/small",
        ]);
        string text = client.Succeed();
        Match rate = RequestsLine().Match(text);
        if (!rate.Success || text.Contains("Non-2xx", StringComparison.Ordinal))
            throw new BenchException($"wrk:\n{text}");
        if (SocketErrors().Match(text) is { Success: true } errors)
            Console.Error.WriteLine($"bench: {Name}, {pair.Server.Address}: {errors.Value.Trim()}");
        return [double.Parse(rate.Groups[1].Value, CultureInfo.InvariantCulture)];
    }

    private static string Configure(string folder)
    {
        string site = Path.Combine(folder, "site");
        Directory.CreateDirectory(site);
        File.WriteAllBytes(Path.Combine(site, "small"), new byte[1024]);
        string configuration = Path.Combine(folder, "nginx.conf");
        File.WriteAllText(configuration, $$"""
            {{(Environment.IsPrivilegedProcess ? "user www-data;" : "")}}
            worker_processes 1;
            daemon off;
            pid {{folder}}/nginx.pid;
            events { worker_connections 1024; }
            http {
              access_log off;
              keepalive_requests 1000000;
              client_body_temp_path {{folder}}/body;
              proxy_temp_path {{folder}}/proxy;
              fastcgi_temp_path {{folder}}/fastcgi;
              uwsgi_temp_path {{folder}}/uwsgi;
              scgi_temp_path {{folder}}/scgi;
              server { listen 80 reuseport backlog=1024; root {{site}}; }
            }
            """);
        return configuration;
    }

    [GeneratedRegex(@"Requests/sec: +(\d+\.\d+)")]
    private static partial Regex RequestsLine();

    [GeneratedRegex("Socket errors: .*")]
    private static partial Regex SocketErrors();
}
