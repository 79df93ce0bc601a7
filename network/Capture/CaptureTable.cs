using System.Globalization;
using Pyco.Host.Control;
using Pyco.Network.Hosts;
using Pyco.Posix;
using Pyco.Vde;
using Pyco.Vde.Switching;

namespace Pyco.Network.Capture;

/// <summary>The captures of a network that go on.</summary>
internal sealed class CaptureTable(VirtualNetwork network) : IDisposable
{
    /// <summary>Each may hold <see cref="FrameCapture.BufferCapacity"/> of memory.</summary>
    private const int MostCaptures = 32;

    /// <summary>A plug says of itself what it likes; an interface's name is for one line.</summary>
    private const int MostNameLetters = 60;

    /// <summary>How long the end of the network waits for those who read of it, for all together.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(0.5);

    /// <summary>What the others get of it at least when slow ones have used it up.</summary>
    private static readonly TimeSpan LeastEndPatience = TimeSpan.FromMilliseconds(20);

    private readonly List<FrameCapture> _captures = [];

    public int Count => _captures.Count;

    /// <summary>Begins a capture for whoever asks, if he may see what he asks for.</summary>
    /// <exception cref="FormatException">It is not clear what that is.</exception>
    public void Begin(ControlConnection reader, ControlRequest request)
    {
        CaptureOptions options = CaptureOptions.Read(request);
        uint user = reader.Peer.UserId;
        bool isOwner = user == 0 || user == Libc.geteuid();
        if (!isOwner && !options.IsOnePort)
        {
            reader.Refuse("only the network's owner may capture all of it: choose a host or port of your own with --host or --port");
            return;
        }
        SwitchPort? present = network.Switch.Ports.FirstOrDefault(port => Matches(options, port));
        if (!isOwner && present is { UserId: var other } && other != user)
        {
            reader.Refuse($"{options.What} is another user's");
            return;
        }
        if (_captures.Count >= MostCaptures)
        {
            reader.Refuse($"{MostCaptures} captures go on already: end one of them");
            return;
        }
        reader.Send(present is null && options.IsOnePort ? $"{ControlRequest.Ok} waiting\n" : $"{ControlRequest.Ok}\n");
        if (reader.IsGone)
            return; // before it was answered: nobody would end the capture
        Begin(new FrameCapture(
            network.Switch,
            options,
            reader,
            port => Matches(options, port) && (isOwner || port.UserId == user),
            Describe), options, reader);
    }

    public void Dispose()
    {
        long start = Environment.TickCount64;
        while (_captures.Count > 0)
        {
            TimeSpan left = EndPatience - TimeSpan.FromMilliseconds(Environment.TickCount64 - start);
            _captures[^1].Finish(left > LeastEndPatience ? left : LeastEndPatience, network.Loop.Now);
        }
    }

    private void Begin(FrameCapture capture, CaptureOptions options, ControlConnection reader)
    {
        string who = string.Create(
            CultureInfo.InvariantCulture,
            $"capture of {options.What} by pid {reader.Peer.ProcessId}, uid {reader.Peer.UserId}");
        capture.Ended = () =>
        {
            network.Switch.Remove(capture);
            network.Loop.Remove(capture);
            _captures.Remove(capture);
            network.Log(string.Create(CultureInfo.InvariantCulture, $"{who} ends: {capture.Captured} packets, {capture.Dropped} dropped"));
        };
        capture.Failed = bug =>
        {
            network.Log($"internal error in the {who}, please report it: {bug}");
            reader.Close();
        };
        _captures.Add(capture);
        network.Switch.Add(capture);
        network.Loop.Add(capture);
        network.Log($"{who} begins");
    }

    private bool Matches(CaptureOptions options, SwitchPort port) =>
        options.Port is { } number ? port.Number == number
        : options.Host is not { } address || HostAt(port) is { } host && host.Has(address);

    private CapturedInterface Describe(SwitchPort port)
    {
        JoinedHost? host = HostAt(port);
        string who = host is null ? port.Description : $"{host.Addresses[0].Address} {host.Command}";
        if (who.Length > MostNameLetters)
            who = who[..MostNameLetters];
        return new CapturedInterface(
            string.Create(CultureInfo.InvariantCulture, $"port{port.Number} {who}").TrimEnd(),
            host?.Mac,
            host?.Addresses ?? [],
            string.Create(CultureInfo.InvariantCulture, $"port {port.Number} of {network.Options.Path}: {port.Description}"));
    }

    private JoinedHost? HostAt(SwitchPort port)
    {
        foreach (JoinedHost host in network.Hosts.All)
        {
            if (host.Port == port)
                return host;
        }
        return null;
    }
}
