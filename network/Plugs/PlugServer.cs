using System.Runtime.InteropServices;
using Pyco.Host.Control;
using Pyco.Host.Loop;
using Pyco.Network.Control;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Vde;
using Pyco.Vde.Switching;

namespace Pyco.Network.Plugs;

/// <summary>Gives ports to VDE plugs: kernel TAPs by vde_plug, QEMU, vdens, hosts of pyco-run in their own processes.</summary>
internal sealed class PlugServer : IDisposable
{
    private readonly EventLoop _loop;
    private readonly StackMemory _memory;
    private readonly NetworkOptions _options;
    private readonly NetworkFolder _folder;
    private readonly Switch _switch;
    private readonly Action<string> _log;
    private readonly ConnectionListener<PlugHandshake> _listener;
    private readonly List<PlugPort> _ports = [];

    /// <exception cref="IOException">The socket cannot be made.</exception>
    public PlugServer(
        EventLoop loop, StackMemory memory, NetworkOptions options, NetworkFolder folder, Switch @switch, Action<string> log)
    {
        _loop = loop;
        _memory = memory;
        _options = options;
        _folder = folder;
        _switch = @switch;
        _log = log;
        _listener = PathListener.Open(
            loop, folder.PlugSocket, options, descriptor => new PlugHandshake(loop, descriptor, Give));
    }

    /// <summary>The ports that plugs have.</summary>
    public IReadOnlyList<PlugPort> Ports => _ports;

    /// <summary>Called when the first plug has come or the last one gone, among others.</summary>
    public Action? Changed { get; set; }

    /// <summary>Called with a port that has left.</summary>
    public Action<SwitchPort>? Removed { get; set; }

    public void Dispose()
    {
        _listener.Dispose();
        while (_ports.Count > 0)
            Remove(_ports[^1]);
    }

    /// <summary>Ends a port: the plug sees its control connection end.</summary>
    public void Remove(PlugPort port)
    {
        if (!_ports.Remove(port))
            return;
        _switch.Remove(port);
        Removed?.Invoke(port);
        port.Dispose();
        _log($"port {port.Number}: {port.Description} has left");
        Changed?.Invoke();
    }

    /// <summary>Answers a request with a port; a plug that gets none sees its connection end.</summary>
    private void Give(PlugHandshake plug, PlugRequest request)
    {
        PlugPort? port = null;
        try
        {
            port = new PlugPort(_loop, _memory, request.Description, plug, _options.Mtu);
            if (!_switch.TryAdd(port, request.Port, settings => PortAccess.Allows(settings, plug)))
                throw new IOException(PortAccess.DescribeRefusal(_switch, request.Port));
            UnixAddress own = port.Open($"{_folder.Path}/{port.Number:d3}", _options, request.Data, plug);
            _ports.Add(port);
            port.Begin(plug.TakeDescriptor(), own, () => Remove(port));
            _log($"port {port.Number}: {port.Description} has joined (uid {plug.Peer.UserId}, pid {plug.Peer.ProcessId})");
            Changed?.Invoke();
        }
        catch (IOException failure)
        {
            _log($"refused a plug of uid {plug.Peer.UserId}, pid {plug.Peer.ProcessId}: {failure.Message}");
            plug.Close();
            if (port is null)
                return;
            _ports.Remove(port);
            _switch.Remove(port);
            port.Dispose();
        }
    }

    /// <summary>A new connection to the plug socket, which is to bring a request.</summary>
    private sealed unsafe class PlugHandshake(EventLoop loop, int descriptor, Action<PlugHandshake, PlugRequest> onRequest)
        : PendingConnection(loop, descriptor)
    {
        public override void OnEvents(uint events, Instant now)
        {
            byte* octets = stackalloc byte[PlugRequest.Capacity];
            // A request is one write(2), and too small for a socket to split.
            nint length = Libc.recv(Descriptor, octets, PlugRequest.Capacity, Constants.MsgDontwait);
            if (length < 0 && (Errno)Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR)
                return;
            if (length > 0 && PlugRequest.TryRead(new ReadOnlySpan<byte>(octets, (int)length), out PlugRequest request))
                onRequest(this, request);
            else
                Close();
        }

        /// <summary>The connection goes on as the port's.</summary>
        public int TakeDescriptor()
        {
            int taken = Descriptor;
            HasSpoken();
            Loop.Detach(this);
            Descriptor = -1;
            return taken;
        }
    }
}
