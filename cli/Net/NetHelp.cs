using System.CommandLine;

namespace Pyco.Cli.Net;

/// <summary>What pyco-net -h shows, and -h behind one of its commands.</summary>
internal static class NetHelp
{
    public static string Of(string name, RootCommand root, Command command)
    {
        using StringWriter text = new();
        if (command == root)
            WriteAll(text, name, root);
        else
            WriteOne(text, name, command);
        return text.ToString();
    }

    private static void WriteAll(StringWriter text, string name, RootCommand root)
    {
        text.WriteLine($"Usage: {name} COMMAND [PATH] [OPTION...]");
        text.WriteLine(root.Description);
        text.WriteLine();
        text.WriteLine("Commands:");
        foreach (Command command in root.Subcommands)
            HelpLayout.Write(text, command.Name, command.Description ?? "");
        HelpLayout.Write(text, "help [COMMAND]", "Show this, or the options of a command.");
        text.WriteLine();
        text.WriteLine("Options:");
        foreach (Option option in root.Options)
            HelpLayout.Write(text, option);
        text.WriteLine();
        text.WriteLine(
            $"""
            PATH is the network's control directory. Default: $VDE_SWITCH, else the user's default network.
            {name} COMMAND -h tells the options of a command.

            Examples:
              {name} start --subnet 10.40.0.0/24
                  Start the user's default network; pyco-run does it by itself where nothing has to be chosen.
              {name} start /tmp/lab --hub && pyco-run -f /tmp/lab -- python3 -m http.server 80
                  Another network, and a web server in it.
              {name} ps && {name} top
                  Who is on the network, and what they send.
              {name} capture -w - | tshark -i -
                  Watch all that passes, live.

            Exit status: 0; 125 if {name} fails, with one line that says why.
            """);
    }

    private static void WriteOne(StringWriter text, string name, Command command)
    {
        string path = string.Concat(command.Arguments.Select(argument => $" [{argument.Name}]"));
        text.WriteLine($"Usage: {name} {command.Name}{path} [OPTION...]");
        text.WriteLine(command.Description);
        text.WriteLine();
        foreach (Argument argument in command.Arguments)
            HelpLayout.Write(text, argument.Name, argument.Description ?? "");
        foreach (Option option in command.Options)
            HelpLayout.Write(text, option);
        HelpLayout.Write(text, "-h, --help", "Show this and exit.");
        if (Examples(name, command.Name) is { } examples)
        {
            text.WriteLine();
            text.WriteLine("Examples:");
            text.WriteLine(examples);
        }
    }

    private static string? Examples(string name, string command) => command switch
    {
        "start" =>
            $"""
              {name} start /tmp/lab --subnet 10.50.0.0/16 --gateway 10.50.0.1
                  A network whose hosts get addresses of 10.50.0.0/16 and a router.
              {name} start /run/lab --mode 660 --group staff
                  One that a group may use.
            """,
        "ps" =>
            $"""
              {name} ps --json | jq -r '.hosts[] | "\(.addresses[0]) \(.program) \(.bitsSentPerSecond)"'
                  What each host sends.
            """,
        "top" =>
            $"""
              {name} top
                  In a terminal: until Ctrl-C.
              {name} top -n 60 --json >rates
                  A minute of it, one JSON object in a line each second.
            """,
        "log" =>
            $"""
              {name} log -n 20 -f
                  The last 20 lines, and what comes.
            """,
        "capture" =>
            $"""
              {name} capture -w - | tshark -i -
                  Watch all that passes, live.
              {name} capture -w trace.pcapng --host 10.40.0.32 -c 1000
                  The next 1000 frames of one host, both ways.
              {name} capture /tmp/lab -w headers.pcapng --snaplen 96
                  Headers only, until Ctrl-C; tshark and Wireshark read the file meanwhile.
            """,
        _ => null,
    };
}
