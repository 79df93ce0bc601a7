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

    /// <summary>What a process says that wants the name next. It is not answered: the end of the connection tells.</summary>
    public const string Wait = "wait";

    /// <summary>The first line of the answer: the host is on its way.</summary>
    public const string Taken = "taken";

    /// <summary>The other first line: start a process of your own.</summary>
    public const string Elsewhere = "elsewhere";

    /// <summary>Descriptors for each host, on the average: where fewer are allowed, there are fewer hosts in a process.</summary>
    private const int DescriptorsForHost = 1024;

    /// <summary>All take from one pool: it has to be so large that a host does not miss what another has.</summary>
    private const int FewestDescriptors = 16 * DescriptorsForHost;

    /// <summary>More than a host takes until it is up.</summary>
    private const int DescriptorsToBegin = 32;

    private readonly PluggedHosts _hosts;
    private readonly HostSharingOptions _options;
    private readonly ConnectionListener<ControlConnection> _listener;

    /// <param name="hosts">Where hosts are added.</param>
    /// <param name="options">Who may join, and how.</param>
    /// <exception cref="SystemCallException">Somebody has the name.</exception>
    public HostSharing(PluggedHosts hosts, HostSharingOptions options)
    {
        _hosts = hosts;
        _options = options;
        uint user = Libc.geteuid();
        _listener = new ConnectionListener<ControlConnection>(
            hosts.Loop, UnixAddress.Abstract(options.Name), descriptor => new ControlConnection(hosts.Loop, descriptor, OnRequest))
        {
            // Anybody can reach an abstract name, also from where he could not do what this process can.
            Admits = peer => peer.UserId == user && options.Admits(peer.ProcessId),
        };
    }

    /// <summary>Whether a process may hold more than one host at all.</summary>
    public static bool IsWorthwhile => OpenFilesLimit.Soft >= FewestDescriptors;

    private static int MostHosts => (int)Math.Min(OpenFilesLimit.Soft / DescriptorsForHost, int.MaxValue);

    public void Dispose() => _listener.Dispose();

    private void OnRequest(ControlConnection connection, ControlRequest request, Instant now)
    {
        if (request.Verb == Wait)
            return;
        int standardError = -1;
        int capture = -1;
        StackHostOptions? options = null;
        try
        {
            if (request.Verb == Join && HostOrder.Read(request.Text) is var order && MayTake(order, connection))
            {
                standardError = connection.TakeAttached();
                capture = connection.TakeAttached();
                if (standardError >= 0 && capture >= 0 == order.CaptureFile is not null)
                    options = _options.Make(order, standardError, capture);
            }
        }
#pragma warning disable CA1031 // another version's order, or a bug of ours: neither is the other hosts' business
        catch (Exception)
#pragma warning restore CA1031
        {
            options = null;
        }
        if (options is null)
        {
            Close(standardError);
            Close(capture);
            connection.Answer(Elsewhere);
            return;
        }
        connection.Send(Taken + "\n");
        if (connection.IsGone)
        {
            options.Ended(); // it has waited too long, and has found another way
            return;
        }
        PluggedHost host = _hosts.Add(options, new Launcher(connection));
        connection.Closed = host.OnLauncherGone;
    }

    /// <summary>
    /// It must be about the same switch, the program must be known here by the number by which it knows itself, and there must be room.
    /// </summary>
    private bool MayTake(HostOrder order, ControlConnection connection) =>
        order.SharedAs == _options.Name && order.Network.Path == _options.NetworkPath && order.Addresses.Count > 0 &&
        connection.Peer.ProcessId == order.ProgramPid && _hosts.Count < MostHosts && !DescriptorShortage.AreOnlyLastFree(DescriptorsToBegin);

    private static void Close(int descriptor)
    {
        if (descriptor >= 0)
            _ = Libc.close(descriptor);
    }

    private sealed class Launcher(ControlConnection connection) : IHostLauncher
    {
        public void Ready(HostReport report) => connection.Answer($"ready {report}");

        public void Refuse(string reason) => connection.Refuse(reason);

        public void TurnAway(string reason) => connection.Answer(Elsewhere);
    }
}
