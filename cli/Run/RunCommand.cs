using System.CommandLine;

namespace Pyco.Cli.Run;

/// <summary>pyco-run's command line as the parser knows it; <see cref="RunOptionsReader"/> checks what it means.</summary>
internal sealed class RunCommand
{
    public RunCommand(string name)
    {
        Name = name;
        Root = new RootCommand("Runs an unmodified program as its own host on a virtual Ethernet (VDE).") { HelpName = name };
        Root.Directives.Clear();
        Root.Options.Clear();
        foreach (Option option in (Option[])
            [
                Address, Netmask, Gateway, Network, Interface, Mac, HostName, NameServer, SearchDomain, Mtu, Publish, Link, Capture, Process, Verbose, Quiet, Version, Help,
            ])
            Root.Options.Add(option);
        Root.Arguments.Add(Program);
    }

    /// <summary>What it was called by, for messages.</summary>
    public string Name { get; }

    public RootCommand Root { get; }

    public Option<string[]> Address { get; } = new("--address", "-a")
    {
        Description = "IPv4 address of the host; without LEN or -n it has the length of the network's subnet, outside of that 24. May be given again for more. " +
            "Default: a network of pyco-net chooses one.",
        HelpName = "ADDR[/LEN]",
        Arity = ArgumentArity.OneOrMore,
    };

    public Option<string> Netmask { get; } = Text("--netmask", "-n", "NETMASK", "Netmask of addresses without LEN, such as 255.255.0.0.");

    public Option<string> Gateway { get; } = Text("--gateway", "-g", "GATEWAY", "Router to everything outside the own network.");

    public Option<string> Network { get; } = Text(
        "--network",
        "-f",
        "VNL",
        "Network: a switch's directory or vde://PATH, with [PORT] behind it for a certain port. " +
        "Default: $VDE_SWITCH, else the user's default network, which is started if it does not run.");

    public Option<string> Interface { get; } = Text("--interface", "-d", "NAME", "Name of the interface that the program sees. Default: vde0.");

    public Option<string> Mac { get; } = Text(
        "--mac", "-m", "MAC", "Ethernet address. Default: derived from network and address, always the same for the same two.");

    public Option<string> HostName { get; } = Text(
        "--hostname", null, "NAME", "Host name (letters, digits, hyphens, dots) that the program sees, and, without a dot, the other hosts of a network of pyco-net. Default: the machine's.");

    public Option<string[]> NameServer { get; } = new("--dns")
    {
        Description =
            "Who answers DNS queries, reached by the host's own way. May be given again, up to three times. " +
            "Default: the gateway of a network with --nat, else nobody.",
        HelpName = "ADDR[:PORT]",
        Arity = ArgumentArity.OneOrMore,
    };

    public Option<string[]> SearchDomain { get; } = new("--dns-search")
    {
        Description = "Domain to look for a name in that has no dot, or that is not found as it is. May be given again, up to six times. Default: none.",
        HelpName = "DOMAIN",
        Arity = ArgumentArity.OneOrMore,
    };

    public Option<string> Mtu { get; } = Text("--mtu", null, "OCTETS", "Largest IP packet. More than the network's is refused: 1500, or what pyco-net start --mtu says, which is the default.");

    public Option<string[]> Publish { get; } = new("--publish", "-p")
    {
        Description =
            "Lead a port of this machine's own network (127.0.0.1 unless ADDR says otherwise) to HOSTPORT of the host, " +
            "which is PORT if left out. With PORT 0 the kernel chooses. May be given again for more.",
        HelpName = "[ADDR:]PORT[:HOSTPORT][/tcp|/udp]",
        Arity = ArgumentArity.OneOrMore,
    };

    public Option<string[]> Link { get; } = new("--link")
    {
        Description =
            "Make the host's cable a real one, such as delay=20ms,jitter=5ms,loss=1%,rate=5mbit; also duplicate, reorder, " +
            "corrupt, burst, queue, mtu, seed. up: or down: before a name starts those of one way. May be given again.",
        HelpName = "SPEC",
        Arity = ArgumentArity.OneOrMore,
    };

    public Option<string> Capture { get; } = Text(
        "--pcap", null, "FILE", "Write all frames of the host to FILE (pcapng), which tshark and Wireshark read while it grows.");

    public Option<string> Process { get; } = Text(
        "--process",
        null,
        "own|shared",
        "On a stock switch: hold the host in a process of its own, or in one with your other hosts there that share. " +
        "Default: shared where there are few processors.");

    public Option<bool> Verbose { get; } = Switch("--verbose", "-v", "Tell the switch's port, the addresses and the host process on stderr.");

    public Option<bool> Quiet { get; } = Switch("--quiet", "-q", "Tell nothing but errors.");

    public Option<bool> Version { get; } = Switch("--version", null, "Show the version and exit.");

    public Option<bool> Help { get; } = Switch("--help", "-h", "Show this and exit.");

    /// <summary>The first word that is no option, and all behind it.</summary>
    public Argument<string[]> Program { get; } = new("PROGRAM [ARG...]")
    {
        Description = "What to run: a path, or a name to look up in $PATH.",
        Arity = ArgumentArity.ZeroOrMore,
        CaptureRemainingTokens = true,
    };

    /// <summary>Reads the words; nothing is checked beyond which belongs where.</summary>
    /// <exception cref="LaunchException">That cannot be told.</exception>
    public ParseResult Parse(IReadOnlyList<string> arguments)
    {
        OptionWords words = new(Root.Options);
        int ours = words.CountBeforeProgram(arguments);
        if (words.FindMistake(arguments.Take(ours)) is { } mistake)
            throw LaunchException.Mistake(mistake);
        // Without the hyphens the parser would take the program's own --mtu=5 or -vq apart.
        if (ours < arguments.Count && arguments[ours] != "--")
            arguments = [.. arguments.Take(ours), "--", .. arguments.Skip(ours)];
        // A program's argument that begins with @ is not ours to open.
        return Root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
    }

    public string HelpText()
    {
        using StringWriter text = new();
        text.WriteLine($"Usage: {Name} [OPTION...] [--] PROGRAM [ARG...]");
        text.WriteLine(Root.Description);
        text.WriteLine();
        text.WriteLine("Options:");
        foreach (Option option in Root.Options)
            HelpLayout.Write(text, option);
        text.WriteLine();
        text.WriteLine(
            $"""
            Examples:
              {Name} -a 10.40.0.32 -- python3 -m http.server 80
                  A web server at its own address in your default network; port 80 needs no root and collides with nobody.
              {Name} -- curl http://10.40.0.32/
                  Fetch from it, at an address that the network chooses. pyco-net ps shows who is there.
              {Name} --link delay=20ms,loss=1% -a 10.40.0.33 -- ./app
                  Behind a cable like a real one.
              {Name} -a 10.40.0.34 -p 8080:80 -- nginx -g 'daemon off;'
                  A browser outside reaches it too, at http://127.0.0.1:8080/.
              {Name} -a 10.40.0.35/16 -g 10.40.0.1 --pcap /tmp/trace.pcapng -- ./app
                  With a gateway, and all frames in a file: tail -f -c +1 /tmp/trace.pcapng | tshark -r -
              {Name} -a 10.40.0.36 -a 192.168.7.1/24 -f /tmp/vde.ctl -v -- bash
                  Two addresses on a stock vde_switch; every program that this shell starts shares them.

            Exit status: the program's own; 125 if {Name} fails, 126 if the program cannot be run, 127 if it is not found.
            """);
        return text.ToString();
    }

    private static Option<string> Text(string name, string? shortName, string valueName, string description) =>
        new(name, shortName is null ? [] : [shortName]) { Description = description, HelpName = valueName };

    // Without this arity the parser takes a program that is called true or false for the option's value.
    private static Option<bool> Switch(string name, string? shortName, string description) =>
        new(name, shortName is null ? [] : [shortName]) { Description = description, Arity = ArgumentArity.Zero };
}
