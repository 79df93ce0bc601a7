using Pyco.Cli.Net;
using Pyco.Cli.Startup;
using Pyco.Network;
using Pyco.Stack.Wire;

namespace Pyco.Cli.PycoTcp;

/// <summary>
/// pyco-vde-setup: starts and stops a network with a TAP device for the machine, as PycoTCP's program of that name did with
/// vde_switch.
/// </summary>
internal static class VdeSetup
{
    public const string DefaultAddress = "10.40.0.1";
    public const string DefaultPath = "/tmp/pic0.ctl";
    public const string DefaultDevice = "vde0";

    private const string Help =
        """
        Usage: pyco-vde-setup start [ADDR/BITS [CTL [DEV]]]
               pyco-vde-setup stop [ADDR/BITS [CTL [DEV]]]
               pyco-vde-setup restart [ADDR/BITS [CTL [DEV]]]
               pyco-vde-setup -h | --version

        start    makes a network at CTL (default /tmp/pic0.ctl) that every user may join, and a TAP device DEV (default vde0)
                 through which the machine itself is a host of it at ADDR (default 10.40.0.1/24). The device needs root;
                 '-' for DEV leaves it out.
        stop     ends the network, and the device with it; also removes what one has left behind that was killed.
        restart  does both.

        pyco-net does more: pyco-net -h

        """;

    /// <summary>PycoTCP's switch was open to all.</summary>
    private const UnixFileMode OpenToAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    public static int Run(ProcessImage image, string[] arguments)
    {
        string Word(int index, string whenMissing) => arguments.Length > index ? arguments[index] : whenMissing;
        if (arguments.Length > 4)
            throw LaunchException.Mistake("too many words");
        string address = Word(1, $"{DefaultAddress}/24");
        string path = Word(2, DefaultPath);
        string device = Word(3, DefaultDevice);
        switch (Word(0, ""))
        {
            case "start":
                Start(address, path, device, new ProgramEnvironment(image.Environment));
                return ExitStatus.Success;
            case "stop":
                Stop(NetArguments.PathOf(path));
                return ExitStatus.Success;
            case "restart":
                if (NetworkClient.Exists(NetArguments.PathOf(path)))
                    Stop(NetArguments.PathOf(path));
                Start(address, path, device, new ProgramEnvironment(image.Environment));
                return ExitStatus.Success;
            case "-h" or "--help" or "help":
                Terminal.Out(Help);
                return ExitStatus.Success;
            case "--version":
                Terminal.Out($"{Names.PycoVdeSetup} {ProductVersion.Own}\n");
                return ExitStatus.Success;
            case "":
                throw LaunchException.Mistake("say start, stop or restart");
            case var other:
                throw LaunchException.Mistake($"there is no '{other}': say start, stop or restart");
        }
    }

    /// <exception cref="LaunchException">The network cannot be made.</exception>
    public static void Start(string address, string path, string device, ProgramEnvironment environment)
    {
        if (!IpPrefix.TryParse(address, out IpPrefix own) || !own.Address.IsV4)
            throw LaunchException.Mistake($"'{address}' is not an address with its length such as 10.40.0.1/24");
        NetArguments.CheckHost(own);
        if (device != "-" && !TapOptions.IsName(device))
            throw LaunchException.Mistake($"'{device}' is not a device's name");
        NetworkOptions options = new()
        {
            Path = NetArguments.PathOf(path),
            Subnet = own with { Address = own.Network },
            Mode = OpenToAll,
            Tap = device == "-" ? null : new TapOptions(device, own),
        };
        NetworkRole.Start(options, environment);
        string tap = options.Tap is null ? "" : $", {device} is {own}";
        Terminal.Out($"network {options.Path} is up{tap}\n");
    }

    private static void Stop(string path)
    {
        if (!NetViews.TryRemoveKilled(path))
        {
            using NetworkClient network = NetArguments.Connect(path, isToEnd: true);
            network.Stop();
        }
        Terminal.Out($"network {path} has ended\n");
    }
}
