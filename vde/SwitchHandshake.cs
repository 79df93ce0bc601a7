using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Vde;

/// <summary>
/// Asks a switch for a port. It never waits: <see cref="Continue"/> is called when <see cref="Control"/> is readable and
/// when <see cref="NextTry"/> has come.
/// </summary>
/// <remarks>
/// On the wire, all in host order because both ends are on one machine: connect to the control socket; send magic,
/// version, request type (the wanted port in its upper 24 bits), the address of our own datagram socket as a struct
/// sockaddr_un, and a description. The answer is the sockaddr_un of the switch's datagram socket for this port. From then on
/// one datagram is one frame, and the control connection stays open to tell each side when the other ends.
/// </remarks>
internal sealed unsafe class SwitchHandshake : IDisposable
{
    /// <summary>A switch answers within a turn of its loop, for which it may wait on a busy machine; a full one never does.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>How soon to knock again when the switch's backlog of 15 new connections is full.</summary>
    private static readonly TimeSpan KnockAgain = TimeSpan.FromMilliseconds(20);

    private readonly VnlLocator _locator;
    private readonly string _description;
    private readonly string _controlPath;
    private readonly Instant _giveUp;
    private DataSocket? _data;
    private bool _asked;

    public SwitchHandshake(VnlLocator locator, string description, Instant now)
    {
        _locator = locator;
        _description = description;
        _controlPath = locator.ControlPath;
        _giveUp = now + Patience;
    }

    /// <summary>The control connection, or -1 before there is one.</summary>
    public int Control { get; private set; } = -1;

    /// <summary>The path of the switch's datagram socket, once it has answered.</summary>
    public string SwitchSocket { get; private set; } = "";

    /// <summary>
    /// The control socket's device and inode: two paths to one switch have the same. Null if somebody has removed it
    /// since.
    /// </summary>
    public string? NetworkIdentity => FileStatus.TryGet(_controlPath, out FileStatus status) ? status.Identity : null;

    /// <summary>When to call <see cref="Continue"/> even if nothing is readable.</summary>
    public Instant NextTry { get; private set; }

    /// <summary>Goes as far as it can without waiting.</summary>
    /// <returns>
    /// True when the switch gave a port: <see cref="TakeDescriptors"/> has the sockets. False while it has not answered.
    /// </returns>
    /// <exception cref="VdeException">There will be no port.</exception>
    public bool Continue(Instant now)
    {
        if (!_asked && !TryAsk(now))
            return false;
        NextTry = _giveUp;
        Span<byte> answer = stackalloc byte[UnixAddress.Capacity + 1];
        nint length;
        fixed (byte* octets = answer)
            length = Libc.recv(Control, octets, (nuint)answer.Length, Constants.MsgDontwait);
        if (length < 0)
        {
            Errno error = (Errno)Marshal.GetLastPInvokeError();
            if (error is Errno.EAGAIN or Errno.EINTR)
                return now >= _giveUp ? throw NoAnswer() : false;
            throw Refused();
        }
        if (length == 0)
            throw Refused();
        if (length != UnixAddress.Capacity || !UnixAddress.TryRead(answer[..UnixAddress.Capacity], out UnixAddress peer))
            throw new VdeException(VdeFailure.NotASwitch, $"{_controlPath} does not speak VDE: is it another program's socket?");
        _data!.Connect(peer, _locator);
        SwitchSocket = peer.Name;
        return true;
    }

    /// <summary>Hands both sockets over to the caller, who closes them.</summary>
    public (int Control, int Data) TakeDescriptors()
    {
        Debug.Assert(_data is not null);
        (int, int) taken = (Control, _data.Take());
        Control = -1;
        return taken;
    }

    public void Dispose()
    {
        if (Control >= 0)
        {
            // A stock switch keeps the port for good of one who ends with its answer unread.
            byte* unread = stackalloc byte[UnixAddress.Capacity];
            _ = Libc.recv(Control, unread, UnixAddress.Capacity, Constants.MsgDontwait);
            _ = Libc.close(Control);
        }
        Control = -1;
        _data?.Dispose();
        _data = null;
    }

    /// <summary>Connects to the switch and asks nothing.</summary>
    /// <returns>False if its backlog is full.</returns>
    /// <exception cref="VdeException">There is none, or it is not for this user.</exception>
    public bool TryKnock()
    {
        if (Control < 0)
        {
            Control = Libc.socket(
                Constants.AfUnix, Constants.SockStream | Constants.SockCloexec | Constants.SockNonblock, 0);
            if (Control < 0)
                throw DataSocket.LocalFailure("make a socket");
        }
        if (!UnixAddress.TryFromPath(_controlPath, out UnixAddress address))
            throw new VdeException(VdeFailure.NoSwitch, $"the path {_controlPath} is too long for a socket (107 octets at most)");
        if (UnixAddress.Connect(Control, address) == 0)
            return true;
        Errno error = (Errno)Marshal.GetLastPInvokeError();
        return error is Errno.EAGAIN or Errno.EINTR ? false : throw ConnectFailure(error);
    }

    private bool TryAsk(Instant now)
    {
        if (!TryKnock())
        {
            if (now >= _giveUp)
                throw NoAnswer();
            NextTry = now + KnockAgain;
            return false;
        }
        _data = DataSocket.Open(_locator.Path, PeerUser());
        SendRequest();
        return _asked = true;
    }

    private void SendRequest()
    {
        Span<byte> request = stackalloc byte[PlugRequest.Capacity];
        int length = new PlugRequest(_locator.Port, _data!.Address, _description).Write(request);
        fixed (byte* octets = request)
        {
            if (Libc.send(Control, octets, (nuint)length, Constants.MsgNosignal) != length)
                throw Refused();
        }
    }

    private uint PeerUser()
    {
        PeerCredentials peer;
        uint length = (uint)Unsafe.SizeOf<PeerCredentials>();
        return Libc.getsockopt(Control, Constants.SolSocket, Constants.SoPeercred, &peer, &length) == 0 ? peer.UserId : 0;
    }

    private VdeException ConnectFailure(Errno error) => error switch
    {
        Errno.EACCES or Errno.EPERM => new VdeException(
            VdeFailure.NoPermission,
            $"no permission to use the switch at {_locator.Path}: ask its owner to start it with a wider mode " +
            $"(vde_switch -s {_locator.Path} -m 666), or join its group"),
        Errno.EPROTOTYPE => new VdeException(
            VdeFailure.NotASwitch, $"{_controlPath} is a datagram socket, not a switch's control socket"),
        Errno.ECONNREFUSED when !IsSocket(_controlPath) => new VdeException(
            VdeFailure.NotASwitch, $"{_controlPath} is not a socket: give a switch's control directory"),
        Errno.ECONNREFUSED => new VdeException(
            VdeFailure.NoSwitch,
            $"nothing listens at {_controlPath}: the switch has ended; start it again: vde_switch -s {_locator.Path} -d"),
        _ => new VdeException(
            VdeFailure.NoSwitch, $"no switch at {_locator.Path}: start one: pyco-net start {_locator.Path}, or vde_switch -s {_locator.Path} -d"),
    };

    private VdeException Refused() => new(
        VdeFailure.NotASwitch,
        _locator.Port == 0
            ? $"{_controlPath} closed the connection: it is no VDE switch, or does not let this user in"
            : $"the switch at {_locator.Path} refused port {_locator.Port}: is there such a port, and is it free for this user?");

    private VdeException NoAnswer() => new(
        VdeFailure.NoAnswer,
        $"the switch at {_locator.Path} did not answer within {Patience.TotalSeconds:0} s: " +
        (_locator.Port == 0 ? "it is full " : $"it has no port {_locator.Port} ") +
        "(start it with more ports: vde_switch -n 256) or is stopped");

    /// <summary>connect(2) says ECONNREFUSED of plain files too.</summary>
    private static bool IsSocket(string path) =>
        FileStatus.TryGet(path, out FileStatus status) && status.IsSocket;
}
