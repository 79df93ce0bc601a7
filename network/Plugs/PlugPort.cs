using System.Globalization;
using System.Runtime.InteropServices;
using Pyco.Host.Control;
using Pyco.Host.Loop;
using Pyco.Network.Control;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Offload;
using Pyco.Stack.Wire;
using Pyco.Vde;
using Pyco.Vde.Switching;

namespace Pyco.Network.Plugs;

/// <summary>The port of a plug in another process: one datagram is one frame.</summary>
internal sealed unsafe class PlugPort : SwitchPort, IDisposable
{
    private const int FramesPerTurn = 64;

    /// <summary>Frames that wait for a plug whose process is slow; what comes then is dropped and counted.</summary>
    private const int QueueCapacity = 1024;

    /// <summary>Ethernet's header with a VLAN's tag.</summary>
    private const int HeaderLength = 18;

    private readonly EventLoop _loop;
    private readonly PlugCounters _wire = new();
    private readonly FrameSocket _socket;
    private readonly Frame[] _frames = new Frame[FramesPerTurn];
    private readonly SegmentJoiner _joiner;
    private readonly int _mtu;
    private readonly Source _data;
    private readonly Source _control;
    private string _path = "";
    private Action _left = () => { };

    public PlugPort(EventLoop loop, StackMemory memory, string description, PendingConnection peer, int mtu)
    {
        _loop = loop;
        _socket = new FrameSocket(memory.Frames, QueueCapacity, _wire);
        _joiner = new SegmentJoiner(memory.LargeFrames);
        _mtu = mtu;
        _data = new Source(OnData);
        _control = new Source(OnControl);
        Description = description;
        UserId = peer.Peer.UserId;
        EndpointId = peer.Descriptor;
    }

    /// <summary>Its number among the network's connections, by which vde_switch's management programs end it.</summary>
    public int EndpointId { get; }

    protected internal override bool MayLoop => true;

    /// <summary>Makes the port's own socket and connects it to the plug's.</summary>
    /// <param name="pathPrefix">Its path without the end.</param>
    /// <param name="options">Who may use it.</param>
    /// <param name="plug">The name of the plug's socket.</param>
    /// <param name="peer">Whose it must be.</param>
    /// <returns>Its name, for the plug.</returns>
    /// <exception cref="IOException">It cannot be made, or the plug's is not there.</exception>
    public UnixAddress Open(string pathPrefix, NetworkOptions options, in UnixAddress plug, PendingConnection peer)
    {
        int descriptor = Libc.socket(Constants.AfUnix, Constants.SockDgram | Constants.SockCloexec | Constants.SockNonblock, 0);
        if (descriptor < 0)
            throw SystemCallException.Last("socket");
        _socket.Attach(descriptor);
        _path = string.Create(CultureInfo.InvariantCulture, $"{pathPrefix}.{descriptor}");
        if (!UnixAddress.TryFromPath(_path, out UnixAddress own))
            throw new IOException($"the path {_path} is too long for a socket");
        if (UnixAddress.Bind(descriptor, own) != 0)
            throw SystemCallException.Last($"bind {_path}");
        SocketAccess.Grant(_path, options);
        PlugSocket.Connect(descriptor, plug, peer);
        return own;
    }

    /// <summary>Tells the plug where to send, and begins to carry frames.</summary>
    public void Begin(int control, UnixAddress own, Action left)
    {
        _left = left;
        _control.Watch(_loop, control, Constants.EpollIn | Constants.EpollRdhup);
        _data.Watch(_loop, _socket.Descriptor, Constants.EpollIn);
        fixed (byte* octets = own.Octets)
            _ = Libc.send(control, octets, UnixAddress.Capacity, Constants.MsgDontwait | Constants.MsgNosignal);
    }

    public void Dispose()
    {
        int control = _control.Leave(_loop);
        if (control >= 0)
            _ = Libc.close(control);
        _data.Leave(_loop);
        _socket.Dispose();
        if (_path.Length > 0)
            _ = Libc.unlink(_path);
    }

    protected internal override void MakeRoom() => _socket.MakeRoom();

    protected override void Deliver(Frame frame)
    {
        if (frame.Length > _mtu + HeaderLength)
        {
            Counters.DroppedOverlong++;
            frame.Dispose();
            return;
        }
        _socket.Send(frame); // that it is gone is told by the control connection
        NoteQueue();
    }

    private void OnData(uint events, Instant now)
    {
        if ((events & (Constants.EpollErr | Constants.EpollHup)) != 0)
            _socket.TakeError();
        if ((events & Constants.EpollOut) != 0)
            _socket.Flush();
        if ((events & Constants.EpollIn) != 0)
        {
            int count = _joiner.Join(_frames.AsSpan(0, _socket.Receive(_frames)));
            for (int index = 0; index < count; index++)
                TakeFromStation(_frames[index]);
            Counters.DroppedMalformed += _wire.DroppedMalformed;
            _wire.DroppedMalformed = 0;
        }
        NoteQueue();
    }

    /// <summary>Nothing is expected here but the end.</summary>
    private void OnControl(uint events, Instant now)
    {
        byte* ignored = stackalloc byte[512];
        nint length = Libc.recv(_control.Descriptor, ignored, 512, Constants.MsgDontwait);
        if (length == 0 || (length < 0 && (Errno)Marshal.GetLastPInvokeError() is not (Errno.EAGAIN or Errno.EINTR)))
            _left();
    }

    private void NoteQueue()
    {
        Counters.DroppedQueueFull = _wire.DroppedQueueFull + _wire.DroppedAway;
        _loop.SetInterest(_data, Constants.EpollIn | (_socket.WantsWrite ? Constants.EpollOut : 0));
    }

    private sealed class Source(Action<uint, Instant> onEvents) : EventSource
    {
        public override void OnEvents(uint events, Instant now) => onEvents(events, now);

        /// <exception cref="SystemCallException">The kernel refuses.</exception>
        public void Watch(EventLoop loop, int descriptor, uint interest)
        {
            Descriptor = descriptor;
            loop.Add(this, interest);
        }

        /// <summary>Forgets the descriptor, which the caller closes.</summary>
        public int Leave(EventLoop loop)
        {
            int descriptor = Descriptor;
            loop.Remove(this);
            Descriptor = -1;
            return descriptor;
        }
    }
}
