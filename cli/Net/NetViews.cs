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
        Option<bool> json = NetArguments.Json();
        Command command = new("stop", "Stop a network: the sockets of its programs fail.") { path, json };
        command.SetAction(words =>
        {
            string folder = NetArguments.PathOf(words.GetValue(path));
            if (TryRemoveKilled(folder))
            {
                if (words.GetValue(json))
                    Terminal.Out(DescribeStop(folder, processId: null));
                return;
            }
            using NetworkClient network = NetArguments.Connect(folder, isToEnd: true);
            int processId = JsonText.Read(NetArguments.Ask(folder, "status"), status => status.GetProperty("pid").GetInt32());
            network.Stop();
            if (words.GetValue(json))
                Terminal.Out(DescribeStop(folder, processId));
        });
        return command;
    }

    /// <summary>Removes what a network that was killed has left behind; false if there is no such.</summary>
    public static bool TryRemoveKilled(string path)
    {
        using NetworkClient? network = NetworkClient.TryConnect(path);
        if (network is not null || !NetworkClient.Exists(path))
            return false;
        NetworkFolder.Remove(path);
        return true;
    }

    private static string DescribeStop(string path, int? processId) => JsonText.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("path", path);
        if (processId is { } known)
            writer.WriteNumber("pid", known);
        else
            writer.WriteNull("pid");
        writer.WriteBoolean("stopped", true);
        writer.WriteEndObject();
    });

    public static Command Status()
    {
        Argument<string?> path = NetArguments.Path();
        Option<bool> json = NetArguments.Json();
        Command command = new("status", "Show a network and its ports.") { path, json };
        command.SetAction(words =>
        {
            string answer = NetArguments.Ask(NetArguments.PathOf(words.GetValue(path)), "status");
            Terminal.Out(words.GetValue(json) ? answer : JsonText.Read(answer, DescribeStatus));
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
                if (TryAskStatus(path) is { } answer)
                    answers.Add(answer.TrimEnd());
            }
            Terminal.Out(words.GetValue(json) ? $"[{string.Join(',', answers)}]\n" : DescribeList(answers));
        });
        return command;
    }

    /// <summary>A network that was killed, ends meanwhile or is stuck keeps nobody from seeing the others.</summary>
    private static string? TryAskStatus(string path)
    {
        try
        {
            return NetArguments.Ask(path, "status");
        }
        catch (Exception failure) when (failure is IOException or LaunchException)
        {
            if (NetworkClient.Exists(path))
                Terminal.Error(Names.PycoNet, failure.Message);
            return null;
        }
    }

    internal static string DescribeStatus(JsonElement status)
    {
        Columns ports = new("PORT", "KIND", "FRAMES-IN", "OCTETS-IN", "FRAMES-OUT", "OCTETS-OUT", "DROPPED", "WHO");
        foreach (JsonElement port in status.GetProperty("ports").EnumerateArray())
        {
            ports.Add(
                port.Text("number"),
                port.Text("kind"),
                port.Text("framesIn"),
                port.Text("octetsIn"),
                port.Text("framesOut"),
                port.Text("octetsOut"),
                port.Text("dropped"),
                port.GetProperty("blocked").GetBoolean() ? $"{port.Text("description")} (blocked: a loop)" : port.Text("description"));
        }
        string gateway = status.Text("gateway") is { Length: > 0 } address ? $", gateway {address}" : "";
        string nat = status.GetProperty("nat") is { ValueKind: JsonValueKind.Object } way
            ? $"\nway out: {CountIn(way, "connection")}, {CountIn(way, "flow", "UDP ")}, {CountIn(way, "lease")}, {way.Text("denied")} denied"
            : "";
        string CountIn(JsonElement element, string what, string kind = "") => Columns.Count(element.GetProperty(what + "s").GetInt64(), kind + what);
        string Count(string what) => CountIn(status, what);
        string hub = status.GetProperty("hub").GetBoolean() ? ", hub" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            network {status.Text("path")}: {status.Text("subnet")}{gateway}, MTU {status.Text("mtu")}{hub}, process {status.Text("pid")}
            {Count("host")}, {Count("plug")}, {Count("station")}{nat}

            {ports}
            """);
    }

    private static string DescribeList(List<string> answers)
    {
        Columns table = new("PATH", "SUBNET", "HOSTS", "PLUGS", "PID");
        foreach (string answer in answers)
        {
            table.Add(JsonText.Read<string[]>(answer, status =>
                [status.Text("path"), status.Text("subnet"), status.Text("hosts"), status.Text("plugs"), status.Text("pid")]));
        }
        return table.ToString();
    }
}
