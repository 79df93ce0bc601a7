using System.CommandLine;
using Pyco.Network;
using Pyco.Posix;

namespace Pyco.Cli.Net;

/// <summary>pyco-net log.</summary>
internal sealed class NetLog
{
    private const int LookAgainMilliseconds = 200;

    private readonly Argument<string?> _path = NetArguments.Path();
    private readonly Option<bool> _follow = NetArguments.Switch("--follow", "-f", "Go on with what comes, until the network ends.");
    private readonly Option<string?> _lines = NetArguments.Text("--lines", "-n", "LINES", "Only the last so many. Default: all.");
    private readonly Option<bool> _json = NetArguments.Switch("--json", null, "Write JSON, one object in a line.");

    public NetLog()
    {
        Command = new Command("log", "Show what a network has told: who came and went, what it refused.") { _path, _follow, _lines, _json };
        Command.SetAction(Run);
    }

    public Command Command { get; }

    /// <summary>A line of a log as a JSON object.</summary>
    public static string ToJson(string line) => JsonText.Write(json =>
    {
        // 2026-11-26 01:56:27.123Z TEXT; what the runtime says at a crash has no time.
        int blank = line.IndexOf(' ', StringComparison.Ordinal);
        int end = blank < 0 ? -1 : line.IndexOf(' ', blank + 1);
        bool hasTime = end > 0 && line[end - 1] == 'Z' && char.IsAsciiDigit(line[0]);
        json.WriteStartObject();
        if (hasTime)
            json.WriteString("time", $"{line[..blank]}T{line[(blank + 1)..end]}");
        else
            json.WriteNull("time");
        json.WriteString("message", hasTime ? line[(end + 1)..] : line);
        json.WriteEndObject();
    });

    private void Run(ParseResult words)
    {
        string path = NetArguments.PathOf(words.GetValue(_path));
        long? most = NetArguments.ReadNumber(words.GetValue(_lines), "a number of lines", 0, int.MaxValue);
        bool isJson = words.GetValue(_json);
        string file = NetworkFolder.LogOf(path);
        // Of a network that was killed the log is what one wants to see.
        using NetworkClient? network = NetworkClient.Exists(path) ? NetworkClient.TryConnect(path) : NetArguments.Connect(path);
        bool isFollowing = words.GetValue(_follow);
        // At once, because a connection on which nothing is asked is closed, and the reader of a long log may take his time.
        if (isFollowing)
            network?.Say("wait");
        try
        {
            using LogFile log = new(file);
            IEnumerable<string> lines = log.ReadBefore().Concat(log.ReadNew());
            bool isRead = Show(most is { } last ? lines.TakeLast((int)last) : lines, isJson);
            if (isRead && isFollowing && network is not null)
                Follow(network, log, isJson);
        }
        catch (UnauthorizedAccessException)
        {
            throw new LaunchException($"no permission to read {file}: it is the network's owner's");
        }
        catch (FileNotFoundException)
        {
            throw new LaunchException($"there is no log at {file}: somebody has removed it");
        }
    }

    private static unsafe void Follow(NetworkClient network, LogFile log, bool isJson)
    {
        const int standardOutput = 1;
        PollDescriptor* waiting = stackalloc PollDescriptor[2];
        bool hasEnded = false;
        while (!hasEnded)
        {
            waiting[0] = new PollDescriptor { Descriptor = network.Descriptor, Events = Constants.PollIn };
            waiting[1] = new PollDescriptor { Descriptor = standardOutput }; // tells only that nobody reads it any more
            // A file cannot be waited on.
            _ = Libc.poll(waiting, 2, LookAgainMilliseconds);
            hasEnded = waiting[0].Returned != 0 || waiting[1].Returned != 0;
            if (!Show(log.ReadNew(), isJson))
                return;
        }
    }

    private static bool Show(IEnumerable<string> lines, bool isJson)
    {
        string text = string.Concat(lines.Select(line => isJson ? ToJson(line) : $"{line}\n"));
        return text.Length == 0 || Terminal.Out(text);
    }
}
