using System.Text;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host.Bridge;

/// <summary>Does what an authentic request asks for. Which socket it is about, the kernel says, never the request.</summary>
internal sealed unsafe class RequestHandler(SocketBridge bridge, NetworkStack stack, HostIdentity identity)
{
    private const uint InterfaceUp = 0x1 | 0x40; // IFF_UP | IFF_RUNNING
    private const uint InterfaceBroadcast = 0x2 | 0x1000; // IFF_BROADCAST | IFF_MULTICAST
    private const uint InterfaceLoopback = 0x8;
    private const uint LoopbackMtu = 65536;

    public void Handle(RequestChannel channel, in Request request, Instant now)
    {
        switch (request.Operation)
        {
            case Operation.Connect:
                Connect(channel, request, now);
                return;
            case Operation.OpenDatagram:
                OpenDatagram(channel, request, now);
                return;
            case Operation.GetInterface:
                channel.Reply(GetInterface(request.Argument));
                return;
            case Operation.GetNameServer or Operation.GetSearchDomain or Operation.FindHost or Operation.FindHostName:
                channel.Reply(NameReplies.Answer(identity.Names, request));
                return;
            case Operation.GetSendRing or Operation.GetReceiveRing:
                GetRing(channel, request.Operation, now);
                return;
            default:
                channel.Reply(Answer(channel, request, now));
                return;
        }
    }

    /// <summary>Does what a note says. Whether it could be done, nobody asks.</summary>
    public void HandleNote(int attached, in Request note, Instant now)
    {
        if (note.Operation != Operation.NoteOption)
            return;
        // A stream socket that carries the cookie of a name which we know is the socket of that name, or else somebody has
        // taken its name on purpose and made it known, and is served as he wanted.
        SocketKey key = new(
            SocketKind.Tcp, note.Flags.HasFlag(RequestFlags.V6), KernelSockets.CookieOf(attached));
        if (bridge.Sockets.Find(key) is not { } socket)
        {
            if (!TryIdentifyAttached(attached, out key) || key.IsDatagram)
                return;
            if (key.Kind == SocketKind.Accepted && bridge.Sockets.Find(key) is null)
                return;
            socket = bridge.FindOrOpen(key, now);
        }
        _ = SocketOptions.Set(socket, note);
    }

    internal static Reply NewReply(Errno error) => new() { Magic = HostProtocol.Magic, Error = (int)error };

    private void Connect(RequestChannel channel, in Request request, Instant now)
    {
        if (!TryIdentifyCaller(channel, out SocketKey key) || key.Kind != SocketKind.Tcp)
            return;
        if (bridge.IsScarce(channel.Descriptor))
        {
            bridge.Shortage.Note(now);
            bridge.Errors.Remember(key, Errno.ENOBUFS);
            return;
        }
        if (bridge.FindOrOpen(key, now, isAttached: true) is not StreamSocket
            {
                IsAttached: false, IsListening: false,
            } socket)
            return;
        socket.Apply(request.Flags);
        bridge.Loop.Detach(channel);
        socket.BeginConnect(channel.TakeDescriptor(), request, now);
    }

    private void OpenDatagram(RequestChannel channel, in Request request, Instant now)
    {
        if (!TryIdentifyCaller(channel, out SocketKey key) || !key.IsDatagram ||
            bridge.FindOrOpen(key, now, isAttached: true) is not DatagramSocket { IsAttached: false } socket)
            return;
        socket.Apply(request.Flags);
        bridge.Loop.Detach(channel);
        socket.Begin(channel.TakeDescriptor(), now);
    }

    private Reply Answer(RequestChannel channel, in Request request, Instant now)
    {
        if (channel.HasLostAttached)
        {
            bridge.Shortage.Note(now);
            return NewReply(Errno.ENOBUFS);
        }
        if (!TryIdentifyAttached(channel.Attached, out SocketKey key))
            return NewReply(Errno.ENOTSOCK);
        if (key.IsDatagram && bridge.Sockets.Find(key) is null)
            bridge.HearDatagramSockets(now);
        if (request.Operation == Operation.GetError)
            return NewReply(GetError(key));
        // An accepted connection that the bridge has forgotten is over; a new one is not made for it.
        if (key.Kind == SocketKind.Accepted && bridge.Sockets.Find(key) is null)
            return NewReply(Errno.ENOTCONN);
        if (request.Operation is Operation.GetLocalAddress or Operation.GetRemoteAddress &&
            bridge.RecentNames.TryFind(key, out IpEndpoint local, out IpEndpoint peer))
        {
            bool isLocal = request.Operation == Operation.GetLocalAddress;
            return isLocal || peer.Port != 0 ? AddressReply(isLocal ? local : peer, key.IsV6) : NewReply(Errno.ENOTCONN);
        }
        ProgramSocket socket = bridge.FindOrOpen(key, now);
        if (request.Operation is Operation.ConnectDatagram or Operation.SetOption && socket is DatagramSocket { IsAttached: true } sender)
        {
            sender.HearSent(now);
            if (!sender.IsAttached)
                return NewReply(Errno.ENOTCONN); // its program has ended it meanwhile
        }
        return request.Operation switch
        {
            Operation.Bind => NewReply(Bind(socket, request, now)),
            Operation.Listen => NewReply(Listen(socket, request, now)),
            Operation.ConnectDatagram => NewReply(ConnectDatagram(socket, request)),
            Operation.GetLocalAddress => AddressReply(Visible(socket.Stack.Local, socket.IsV6), socket.IsV6),
            Operation.GetRemoteAddress when socket.Stack.Remote is { } remote => AddressReply(remote, socket.IsV6),
            Operation.GetRemoteAddress => NewReply(Errno.ENOTCONN),
            Operation.SetOption => NewReply(SetOption(socket, request)),
            Operation.GetOption => GetOption(socket, request),
            Operation.TakeDatagramError => DatagramErrors.Take(socket),
            Operation.AddDatagramError => NewReply(DatagramErrors.Add(socket, request)),
            Operation.Shutdown => NewReply(Shutdown(socket, request.Argument, now)),
            _ => NewReply(Errno.ENOSYS),
        };
    }

    /// <summary>The wildcard of a socket's own family, which the stack may keep in the other's form.</summary>
    private static IpEndpoint Visible(IpEndpoint local, bool isV6) =>
        local.Address.IsAny ? local with { Address = isV6 ? IpAddress.AnyV6 : IpAddress.AnyV4 } : local;

    /// <summary>
    /// Whose the other end of the channel is: its name says so, and a name belongs to one socket of its type.
    /// </summary>
    private bool TryIdentifyCaller(RequestChannel channel, out SocketKey key)
    {
        key = default;
        return UnixAddress.GetPeer(channel.Descriptor, out UnixAddress name) == 0 &&
            bridge.Names.TryReadProgram(name, out key) && channel.KernelType == key.KernelType;
    }

    /// <summary>
    /// Which socket came with the request. Names can be chosen, and with them the socket of another program be meant;
    /// so the type has to be the kind's, and the number the socket's own cookie.
    /// </summary>
    private bool TryIdentifyAttached(int descriptor, out SocketKey key)
    {
        key = default;
        if (descriptor < 0 || UnixAddress.GetLocal(descriptor, out UnixAddress local) < 0 ||
            !bridge.Names.TryReadProgram(local, out key) || KernelSockets.TypeOf(descriptor) != key.KernelType)
            return false;
        // An accepted socket carries its listener's name; whose it is, the name tells that our own end has.
        if (UnixAddress.GetPeer(descriptor, out UnixAddress peer) == 0 &&
            bridge.Names.TryReadAccepted(peer, out ulong number))
        {
            key = key with { Kind = SocketKind.Accepted, Number = number };
            return KernelSockets.IsConnectedByUs(descriptor);
        }
        return KernelSockets.HasCookie(descriptor, key.Number);
    }

    private static Errno SetOption(ProgramSocket socket, in Request request)
    {
        if (socket is StreamSocket stream)
            stream.NoteRequested(request.OptionLevel, request.OptionName);
        return SocketOptions.Set(socket, request);
    }

    private Errno Bind(ProgramSocket socket, in Request request, Instant now)
    {
        socket.Apply(request.Flags);
        if (!WireAddresses.TryRead(request.Address, out IpEndpoint local))
            return Errno.EAFNOSUPPORT;
        Errno error = socket.Bind(local);
        if (error == Errno.EADDRINUSE)
        {
            bridge.Sockets.FreePort(local.Port, now);
            error = socket.Bind(local);
        }
        bridge.Sockets.NotePort(socket);
        return error;
    }

    private Errno Listen(ProgramSocket socket, in Request request, Instant now)
    {
        if (socket is not StreamSocket stream)
            return Errno.EOPNOTSUPP;
        stream.Apply(request.Flags);
        Errno error = stream.Listen(request.Argument);
        if (error == Errno.EADDRINUSE)
        {
            bridge.Sockets.FreePort(stream.Tcp.Local.Port, now);
            error = stream.Listen(request.Argument);
        }
        bridge.Sockets.NotePort(stream);
        if (error == Errno.None)
            bridge.Listens?.Invoke();
        return error;
    }

    private static Errno ConnectDatagram(ProgramSocket socket, in Request request)
    {
        if (socket is not DatagramSocket datagram)
            return Errno.EOPNOTSUPP;
        datagram.Apply(request.Flags);
        if (request.Address.Family == Constants.AfUnspec)
        {
            datagram.Messages.Disconnect();
            return Errno.None;
        }
        return WireAddresses.TryRead(request.Address, out IpEndpoint remote)
            ? datagram.Messages.Connect(remote)
            : Errno.EAFNOSUPPORT;
    }

    private Errno GetError(SocketKey key) => bridge.Sockets.Find(key) switch
    {
        StreamSocket { IsConnecting: true } => Errno.EINPROGRESS,
        DatagramSocket datagram => datagram.TakeError(),
        _ => bridge.Errors.Take(key),
    };

    internal static Reply AddressReply(IpEndpoint endpoint, bool isV6)
    {
        Reply reply = NewReply(Errno.None);
        reply.Address = WireAddresses.Write(endpoint, isV6);
        return reply;
    }

    private static Reply GetOption(ProgramSocket socket, in Request request)
    {
        Reply reply = NewReply(Errno.None);
        reply.Error = (int)SocketOptions.Get(socket, request, ref reply);
        return reply;
    }

    private void GetRing(RequestChannel channel, Operation which, Instant now)
    {
        bridge.HearDatagramSockets(now);
        Reply reply = NewReply(Errno.None);
        if (!TryIdentifyAttached(channel.Attached, out SocketKey key) || bridge.Sockets.Find(key) is not DatagramSocket socket)
            channel.Reply(NewReply(Errno.EOPNOTSUPP));
        else if (which == Operation.GetSendRing && socket.GetSendRing() is { } sendRing)
            channel.Reply(reply, sendRing.Descriptor);
        else if (which == Operation.GetReceiveRing && socket.GetReceiveRing(KernelSockets.CookieOf(channel.Attached)) is { } receiveRing)
            channel.Reply(reply with { Argument = receiveRing.Number }, receiveRing.Descriptor);
        else
            channel.Reply(NewReply(Errno.ENOBUFS));
    }

    private Errno Shutdown(ProgramSocket socket, int how, Instant now)
    {
        if (socket is not StreamSocket stream)
            return Errno.None;
        if (stream.IsListening && how != Constants.ShutWr)
        {
            bridge.RecentNames.Remember(stream.Key, stream.Tcp.Local, default);
            stream.Abandon(now);
        }
        else if (how != Constants.ShutRd && stream.Tcp.Remote is not null)
            stream.Tcp.FinishSending(now);
        return Errno.None;
    }

    private Reply GetInterface(int number)
    {
        bool isLoopback = number == 0;
        if (number < 0 || number > stack.Options.Addresses.Count)
            return NewReply(Errno.ENODEV);
        IpPrefix prefix = isLoopback ? new IpPrefix(IpAddress.LoopbackV4, 8) : stack.Options.Addresses[number - 1];
        Reply reply = AddressReply(new IpEndpoint(prefix.Address, 0), isV6: !prefix.Address.IsV4);
        InterfaceDescription description = new()
        {
            PrefixLength = (byte)prefix.Length,
            Index = isLoopback ? 1 : 2,
            Flags = InterfaceUp | (isLoopback ? InterfaceLoopback : InterfaceBroadcast),
            Mtu = isLoopback ? LoopbackMtu : (uint)identity.Mtu,
        };
        string name = isLoopback ? "lo" : identity.InterfaceName;
        _ = Encoding.ASCII.GetBytes(name.AsSpan(0, Math.Min(name.Length, 15)), new Span<byte>(description.Name, 16));
        if (!isLoopback)
            stack.Options.Mac.CopyTo(new Span<byte>(description.Mac, MacAddress.Length));
        if (stack.Options.Gateway is { IsV4: true } gateway)
            gateway.WriteV4(new Span<byte>(description.Gateway, IpAddress.LengthV4));
        new ReadOnlySpan<byte>(&description, sizeof(InterfaceDescription))
            .CopyTo(new Span<byte>(reply.Option, HostProtocol.OptionCapacity));
        reply.OptionLength = (ushort)sizeof(InterfaceDescription);
        return reply;
    }
}
