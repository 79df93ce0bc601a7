using Pyco.Host.Bridge;
using Pyco.Host.Control;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host;

/// <summary>
/// Takes further hosts of the same user on the same switch into this process (decision 22). A launcher asks at an abstract name, which
/// stands for all that must be the same for both; whoever is not taken starts a process of his own.
/// </summary>
internal sealed class HostSharing : IDisposable
{
    /// <summary>What a launcher says; its standard error comes along, and what to write its host's frames into.</summary>
    public const string Join = "join";

    /// <summary>The first line of the answer: the host is on its way.</summary>
    public const string Taken = "taken";

    /// <summary>The other first line: start a process of your own.</summary>
    public const string Elsewhere = "elsewhere";

    /// <summary>Descriptors that a host can count on: where fewer are allowed, there are fewer hosts in a process.</summary>
    private const int DescriptorsForHost = 1024;

    private readonly PluggedHosts _hosts;
    private readonly MakeOptions _makeOptions;
    private readonly ConnectionListener<ControlConnection> _listener;

    /// <param name="hosts">Where hosts are added.</param>
    /// <param name="name">The abstract name.</param>
    /// <param name="makeOptions">Turns an order into options.</param>
    /// <exception cref="SystemCallException">Somebody has the name.</exception>
    public HostSharing(PluggedHosts hosts, string name, MakeOptions makeOptions)
    {
        _hosts = hosts;
        _makeOptions = makeOptions;
        uint user = Libc.geteuid();
        _listener = new ConnectionListener<ControlConnection>(
            hosts.Loop, UnixAddress.Abstract(name), descriptor => new ControlConnection(hosts.Loop, descriptor, OnRequest))
        {
            Admits = peer => peer.UserId == user, // anybody can reach an abstract name
        };
    }

    /// <summary>Whether a process may hold more than one host at all.</summary>
    public static bool IsWorthwhile => MostHosts > 1;

    private static int MostHosts => (int)Math.Min(OpenFilesLimit.Soft / DescriptorsForHost, int.MaxValue);

    public void Dispose() => _listener.Dispose();

    private void OnRequest(ControlConnection connection, ControlRequest request, Instant now)
    {
        if (request.Verb != Join || TryRead(request) is not { } order || !MayTake(order, connection) ||
            connection.TakeAttached() is not (>= 0 and int standardError))
        {
            connection.Answer(Elsewhere);
            return;
        }
        connection.Send(Taken + "\n");
        StackHostOptions options = _makeOptions(order, standardError, connection.TakeAttached());
        if (connection.IsGone)
        {
            options.Ended(); // it has waited too long, and has found another way
            return;
        }
        PluggedHost host = _hosts.Add(options, new Launcher(connection));
        connection.Closed = host.OnLauncherGone;
    }

    /// <summary>Null for another version's.</summary>
    private static HostOrder? TryRead(ControlRequest request)
    {
        try
        {
            return HostOrder.Read(request.Text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The program must be known here by the number by which it knows itself, and there must be room for it.</summary>
    private bool MayTake(HostOrder order, ControlConnection connection) =>
        connection.Peer.ProcessId == order.ProgramPid && _hosts.Count < MostHosts && !DescriptorShortage.AreOnlyLastFree();

    /// <summary>Turns an order into options.</summary>
    /// <param name="order">The order.</param>
    /// <param name="standardError">Where the launcher's user reads messages, which is the host's from now on.</param>
    /// <param name="capture">Where to write frames, likewise; or -1.</param>
    internal delegate StackHostOptions MakeOptions(HostOrder order, int standardError, int capture);

    private sealed class Launcher(ControlConnection connection) : IHostLauncher
    {
        public void Ready(HostReport report) => connection.Answer($"ready {report}");

        public void Refuse(string reason) => connection.Refuse(reason);
    }
}
