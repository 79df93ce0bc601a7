using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Pyco.Network;

namespace Pyco.Cli.Net;

/// <summary>The commands of pyco-net that ask a running network and show its answer.</summary>
internal static class NetViews
{
    public static Command Stop()
    {
        Argument<string?> path = NetArguments.Path();
        Command command = new("stop", "Stop a network: the sockets of its programs fail.") { path };
        command.SetAction(words =>
        {
            using NetworkClient network = NetArguments.Connect(NetArguments.PathOf(words.GetValue(path)));
            network.Stop();
        });
        return command;
    }

    public static Command Status()
    {
        Argument<string?> path = NetArguments.Path();
        Option<bool> json = NetArguments.Json();
        Command command = new("status", "Show a network and its ports.") { path, json };
        command.SetAction(words =>
        {
            string answer = Ask(NetArguments.PathOf(words.GetValue(path)), "status");
            Terminal.Out(words.GetValue(json) ? answer : DescribeStatus(answer));
        });
        return command;
    }

    public static Command List()
    {
        Option<bool> json = NetArguments.Json();
        Command command = new("list", "List the user's running networks.") { json };
        command.SetAction(words =>
        {
            List<string> answers = [];
            foreach (string path in Registration.All(Environment.GetEnvironmentVariable))
            {
                using NetworkClient? network = NetworkClient.TryConnect(path);
                if (network is null)
                    continue;
                network.Ask("status");
                answers.Add(network.ReadToEnd().TrimEnd());
            }
            Terminal.Out(words.GetValue(json) ? $"[{string.Join(',', answers)}]\n" : DescribeList(answers));
        });
        return command;
    }

    public static Command Hosts()
    {
        Argument<string?> path = NetArguments.Path();
        Option<bool> json = NetArguments.Json();
        Command command = new("ps", "Show a network's hosts: addresses, programs, sockets, traffic.") { path, json };
        command.SetAction(words =>
        {
            string answer = Ask(NetArguments.PathOf(words.GetValue(path)), "ps");
            Terminal.Out(words.GetValue(json) ? answer : DescribeHosts(answer));
        });
        return command;
    }

    public static Command Log()
    {
        Argument<string?> path = NetArguments.Path();
        Command command = new("log", "Show what a network has told: who came and went, what it refused.") { path };
        command.SetAction(words =>
        {
            string network = NetArguments.PathOf(words.GetValue(path));
            using NetworkClient running = NetArguments.Connect(network);
            string file = NetworkFolder.LogOf(network);
            try
            {
                if (File.Exists($"{file}.1"))
                    Terminal.Out(File.ReadAllText($"{file}.1"));
                using FileStream log = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using StreamReader reader = new(log);
                Terminal.Out(reader.ReadToEnd());
            }
            catch (UnauthorizedAccessException)
            {
                throw new LaunchException($"no permission to read {file}: it is the network's owner's");
            }
        });
        return command;
    }

    private static string Ask(string path, string verb)
    {
        using NetworkClient network = NetArguments.Connect(path);
        network.Ask(verb);
        return network.ReadToEnd();
    }

    private static string DescribeStatus(string answer)
    {
        using JsonDocument document = JsonDocument.Parse(answer);
        JsonElement status = document.RootElement;
        Columns ports = new("PORT", "KIND", "FRAMES-IN", "OCTETS-IN", "FRAMES-OUT", "OCTETS-OUT", "DROPPED", "WHO");
        foreach (JsonElement port in status.GetProperty("ports").EnumerateArray())
        {
            ports.Add(
                Text(port, "number"),
                Text(port, "kind"),
                Text(port, "framesIn"),
                Text(port, "octetsIn"),
                Text(port, "framesOut"),
                Text(port, "octetsOut"),
                Text(port, "dropped"),
                Text(port, "description"));
        }
        string gateway = Text(status, "gateway") is { Length: > 0 } address ? $", gateway {address}" : "";
        string hub = status.GetProperty("hub").GetBoolean() ? ", hub" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            network {Text(status, "path")}: {Text(status, "subnet")}{gateway}, MTU {Text(status, "mtu")}{hub}, process {Text(status, "pid")}
            {Text(status, "hosts")} hosts, {Text(status, "plugs")} plugs, {Text(status, "stations")} stations

            {ports}
            """);
    }

    private static string DescribeList(List<string> answers)
    {
        Columns table = new("PATH", "SUBNET", "HOSTS", "PLUGS", "PID");
        foreach (string answer in answers)
        {
            using JsonDocument document = JsonDocument.Parse(answer);
            JsonElement status = document.RootElement;
            table.Add(Text(status, "path"), Text(status, "subnet"), Text(status, "hosts"), Text(status, "plugs"), Text(status, "pid"));
        }
        return table.ToString();
    }

    private static string DescribeHosts(string answer)
    {
        using JsonDocument document = JsonDocument.Parse(answer);
        Columns table = new("ADDRESS", "MAC", "PORT", "PID", "SOCKETS", "OCTETS-IN", "OCTETS-OUT", "DROPPED", "PROGRAM");
        foreach (JsonElement host in document.RootElement.EnumerateArray())
        {
            table.Add(
                string.Join(',', host.GetProperty("addresses").EnumerateArray().Select(address => address.GetString())),
                Text(host, "mac"),
                Text(host, "port"),
                Text(host, "pid"),
                Text(host, "sockets"),
                Text(host, "octetsOut"),
                Text(host, "octetsIn"),
                Text(host, "dropped"),
                Text(host, "program"));
        }
        return table.ToString();
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).ToString();
}
