using System.CommandLine;
using System.Globalization;
using Pyco.Host.Control;
using Pyco.Network;
using Pyco.Network.Capture;
using Pyco.Stack.Wire;

namespace Pyco.Cli.Net;

/// <summary>pyco-net capture.</summary>
internal sealed class NetCapture
{
    private const int MostSnapLength = 262_144;

    private readonly Argument<string?> _path = NetArguments.Path();
    private readonly Option<string?> _write = NetArguments.Text(
        "--write", "-w", "FILE", "Where to write the capture (pcapng); - for standard output.");

    private readonly Option<string?> _port = NetArguments.Text("--port", null, "N", "Only one port, both ways.");
    private readonly Option<string?> _host = NetArguments.Text("--host", null, "ADDR", "Only the host with this address, both ways.");
    private readonly Option<string?> _count = NetArguments.Text("--count", "-c", "COUNT", "End after so many frames.");
    private readonly Option<string?> _snapLength = NetArguments.Text("--snaplen", null, "OCTETS", "Keep only the first octets of a frame.");

    public NetCapture()
    {
        Command = new Command("capture", "Write what passes a network, or one port of it, as a pcapng file.")
        {
            _path, _write, _port, _host, _count, _snapLength,
        };
        Command.SetAction(Run);
    }

    public Command Command { get; }

    /// <exception cref="LaunchException">The options make no sense.</exception>
    public CaptureOptions ReadOptions(ParseResult words)
    {
        CaptureOptions options = new()
        {
            Port = (int?)NetArguments.ReadNumber(words.GetValue(_port), "a port of the network", 1, int.MaxValue),
            Host = words.GetValue(_host) is { } host ? ReadHost(host) : null,
            Count = NetArguments.ReadNumber(words.GetValue(_count), "a number of frames", 1, long.MaxValue) ?? 0,
            SnapLength = (int?)NetArguments.ReadNumber(words.GetValue(_snapLength), "a number of octets", 1, MostSnapLength) ?? 0,
        };
        return options is { Port: not null, Host: not null }
            ? throw LaunchException.Mistake("--port and --host cannot both be given")
            : options;
    }

    private int Run(ParseResult words)
    {
        CaptureOptions options = ReadOptions(words);
        string file = words.GetValue(_write) ??
            throw LaunchException.Mistake("say where to write the capture with -w FILE, or -w - for standard output");
        if (file == "-" && Terminal.Size() is not null)
            throw new LaunchException("a capture is not for a terminal: -w - | tshark -i - shows it");
        string path = NetArguments.PathOf(words.GetValue(_path));
        using NetworkClient network = NetArguments.Connect(path);
        // Not before the network is connected: a mistake in its name costs no file.
        string answer = network.Ask("capture", options.Write());
        using CaptureOutput output = file == "-" ? CaptureOutput.ToStandardOutput() : CaptureOutput.ToFile(file);
        // Before it is told: who reads that the capture goes on may end it at once.
        using Interrupt interrupt = new(network.EndAsking);
        Terminal.Error(Names.PycoNet, $"capturing {options.What} of {path}" +
            (answer == ControlRequest.Ok ? "" : ", where nobody is yet"));
        CaptureTransfer transfer = new(network, output);
        transfer.Run();
        string dropped = transfer.IsWhole ? transfer.Dropped.ToString(CultureInfo.InvariantCulture) : "it is not known how many";
        Terminal.Error(string.Create(CultureInfo.InvariantCulture, $"{transfer.Captured} packets captured, {dropped} dropped\n"));
        if (output.Failure is { } failure)
            throw new LaunchException(failure);
        if (!transfer.IsWhole)
            throw new LaunchException($"the network at {path} ended before the capture did");
        return ExitStatus.Success;
    }

    private static IpAddress ReadHost(string text) => IpAddress.TryParse(text, out IpAddress address) && address.IsV4
        ? address
        : throw LaunchException.Mistake($"'{text}' is not an address such as 10.40.0.32");
}
