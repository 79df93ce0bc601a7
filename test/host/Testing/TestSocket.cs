using System.Runtime.InteropServices;
using System.Text;
using Pyco.Host.Bridge;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host.Tests.Testing;

/// <summary>A program's socket: the calls that libpyco.so makes for it, as docs/host-protocol.md tells them.</summary>
internal sealed unsafe class TestSocket : IDisposable
{
    private readonly TestNetwork _network;
    private readonly TestHost _host;

    private TestSocket(TestNetwork network, TestHost host, int descriptor)
    {
        _network = network;
        _host = host;
        Descriptor = descriptor;
    }

    public int Descriptor { get; private set; }

    /// <summary>The kernel socket's state as poll(2) shows it.</summary>
    public short Events => Kernel.Poll(Descriptor, Constants.PollIn | Constants.PollOut);

    public bool IsWritable => (Events & Constants.PollOut) != 0;

    /// <summary>Octets of kernel memory that hold what the host has not read yet.</summary>
    public int Unread
    {
        get
        {
            const nuint sendQueue = 0x5411; // SIOCOUTQ
            int octets;
            Kernel.Check(Libc.ioctl(Descriptor, sendQueue, &octets));
            return octets;
        }
    }

    public static TestSocket Open(TestNetwork network, TestHost host, SocketKind kind, bool isV6)
    {
        bool isStream = kind == SocketKind.Tcp;
        int descriptor = Kernel.NewUnixSocket(isStream ? Constants.SockStream : Constants.SockSeqpacket);
        SocketKey key = new(kind, isV6, Kernel.Cookie(descriptor));
        Kernel.Check(UnixAddress.Bind(descriptor, host.Names.Program(key)));
        TestSocket socket = new(network, host, descriptor);
        if (!isStream)
            socket.OpenDatagram();
        return socket;
    }

    public Errno Bind(IpEndpoint local, RequestFlags flags = RequestFlags.None)
    {
        Request request = _host.NewRequest(Operation.Bind);
        request.Address = WireAddresses.Write(local, isV6: false);
        request.Flags = flags;
        return (Errno)Ask(request).Error;
    }

    public Errno Listen(int backlog)
    {
        Kernel.Check(Libc.listen(Descriptor, backlog));
        return (Errno)Ask(_host.NewRequest(Operation.Listen, backlog)).Error;
    }

    /// <summary>A connect that does not wait: the handshake may end later.</summary>
    public void Connect(IpEndpoint remote, RequestFlags flags = RequestFlags.None)
    {
        PostConnect(remote, flags);
        _network.Settle();
    }

    /// <summary>The same with so many octets of filler.</summary>
    public void ConnectWithFiller(IpEndpoint remote, int fillerOctets)
    {
        Kernel.Check(UnixAddress.Connect(Descriptor, _host.Names.Requests));
        PostConnectRequest(remote, fillerOctets, RequestFlags.None);
        _network.Settle();
    }

    /// <summary>The same, and the host does not get to look at it yet.</summary>
    public void PostConnect(IpEndpoint remote, RequestFlags flags = RequestFlags.None)
    {
        Kernel.Check(UnixAddress.Connect(Descriptor, _host.Names.Requests));
        int sendBuffer;
        uint length = sizeof(int);
        Kernel.Check(Libc.getsockopt(Descriptor, Constants.SolSocket, Constants.SoSndbuf, &sendBuffer, &length));
        PostConnectRequest(remote, (sendBuffer / 4) + HostProtocol.FillerMargin, flags);
    }

    /// <summary>The second half of <see cref="PostConnect"/>, for a socket that is connected to the host.</summary>
    /// <param name="remote">The peer.</param>
    /// <param name="fillerOctets">The filler that the request speaks of.</param>
    /// <param name="flags">Options.</param>
    /// <param name="posted">How much of the filler comes at once; null for all.</param>
    public void PostConnectRequest(IpEndpoint remote, int fillerOctets, RequestFlags flags, int? posted = null)
    {
        Request request = _host.NewRequest(Operation.Connect, fillerOctets);
        request.Flags = flags;
        request.Address = WireAddresses.Write(remote, isV6: false);
        byte[] message = [.. MemoryMarshal.AsBytes(new ReadOnlySpan<Request>(in request)), .. new byte[posted ?? fillerOctets]];
        Assert.That(Post(message), Is.EqualTo(message.Length));
    }

    public Errno ConnectDatagram(IpEndpoint remote)
    {
        Request request = _host.NewRequest(Operation.ConnectDatagram);
        request.Address = WireAddresses.Write(remote, isV6: false);
        return (Errno)Ask(request).Error;
    }

    /// <summary>SO_ERROR.</summary>
    public Errno TakeError() => (Errno)Ask(_host.NewRequest(Operation.GetError)).Error;

    public Errno SetOption(int level, int name, params ReadOnlySpan<int> value)
    {
        Request request = _host.NewRequest(Operation.SetOption);
        (request.OptionLevel, request.OptionName) = (level, name);
        request.OptionLength = (ushort)(value.Length * sizeof(int));
        MemoryMarshal.AsBytes(value).CopyTo(new Span<byte>(request.Option, HostProtocol.OptionCapacity));
        return (Errno)Ask(request).Error;
    }

    /// <summary>The option's value as the host has it.</summary>
    public int GetOption(int level, int name)
    {
        Request request = _host.NewRequest(Operation.GetOption);
        (request.OptionLevel, request.OptionName, request.OptionLength) = (level, name, sizeof(int));
        Reply reply = Ask(request);
        Assert.That((Errno)reply.Error, Is.EqualTo(Errno.None));
        return *(int*)reply.Option;
    }

    /// <summary>accept(2) without waiting; null if nothing is there.</summary>
    public TestSocket? Accept()
    {
        int accepted = Libc.accept4(Descriptor, null, null, Constants.SockNonblock | Constants.SockCloexec);
        return accepted < 0 ? null : _host.Hold(new TestSocket(_network, _host, accepted));
    }

    /// <summary>A request about this socket.</summary>
    public Reply Ask(in Request request)
    {
        using RawClient client = RawClient.Connect(_network, _host, Constants.SockStream);
        return client.Ask(request, Descriptor) ?? throw new AssertionException("the host closed without an answer");
    }

    /// <summary>send(2); how many octets the kernel took, or -1.</summary>
    public int Send(ReadOnlySpan<byte> octets)
    {
        int sent = Post(octets);
        _network.Settle();
        return sent;
    }

    /// <summary>send(2), and the host does not get to look at it yet.</summary>
    public int Post(ReadOnlySpan<byte> octets)
    {
        fixed (byte* start = octets)
        {
            return (int)Libc.send(
                Descriptor, start, (nuint)octets.Length, Constants.MsgDontwait | Constants.MsgNosignal);
        }
    }

    /// <summary>An option told in the stream, with what else is in the same message; the host does not get to look at it yet.</summary>
    public void PostNote(StreamOption option, int value, string before = "", string behind = "")
    {
        StreamNote note = new() { Option = option, Value = value };
        MemoryMarshal.Write(new Span<byte>(note.Mark, sizeof(ulong)), _host.Credentials.Mark);
        ReadOnlySpan<byte> octets = MemoryMarshal.AsBytes(new ReadOnlySpan<StreamNote>(in note));
        PostWithDescriptor([.. Encoding.ASCII.GetBytes(before), .. octets, .. Encoding.ASCII.GetBytes(behind)]);
    }

    /// <summary>Octets that a descriptor comes with.</summary>
    public void PostWithDescriptor(ReadOnlySpan<byte> octets)
    {
        int attached = Kernel.Check(Libc.eventfd(0, Constants.SockCloexec));
        int sent;
        fixed (byte* start = octets)
            sent = (int)DescriptorPassing.Send(Descriptor, start, (nuint)octets.Length, attached, Constants.MsgDontwait);
        _ = Libc.close(attached);
        Assert.That(sent, Is.EqualTo(octets.Length));
    }

    /// <summary>A header with the host's mark.</summary>
    public DatagramHeader NewHeader()
    {
        DatagramHeader header = default;
        MemoryMarshal.Write(new Span<byte>(header.Mark, sizeof(ulong)), _host.Credentials.Mark);
        return header;
    }

    /// <summary>A datagram to a peer of the moment, with its header in front.</summary>
    public void SendTo(IpEndpoint peer, ReadOnlySpan<byte> payload)
    {
        DatagramHeader header = NewHeader();
        header.Peer = WireAddresses.Write(peer, isV6: false);
        Send([.. MemoryMarshal.AsBytes(new ReadOnlySpan<DatagramHeader>(in header)), .. payload]);
    }

    /// <summary>recv(2) without waiting: the length, 0 at the end, -1 with <see cref="Kernel.LastErrno"/>.</summary>
    public int Receive(Span<byte> buffer)
    {
        nint length;
        fixed (byte* start = buffer)
            length = Libc.recv(Descriptor, start, (nuint)buffer.Length, Constants.MsgDontwait);
        return (int)length;
    }

    /// <summary>All that can be read at this moment, and what the last read said.</summary>
    public byte[] ReceiveAll(out int last)
    {
        List<byte> all = [];
        byte[] buffer = new byte[65536];
        while ((last = Receive(buffer)) > 0)
        {
            all.AddRange(buffer.AsSpan(0, last));
            _network.Settle();
        }
        return [.. all];
    }

    /// <summary>The next datagram: its payload, and its header where it has one.</summary>
    public byte[]? ReceiveDatagram(out DatagramHeader? header)
    {
        header = null;
        byte[] buffer = new byte[70_000];
        int length = Receive(buffer);
        if (length < 0)
            return null;
        int start = 0;
        if (length >= sizeof(DatagramHeader) && MemoryMarshal.Read<ulong>(buffer) == _host.Credentials.Mark)
        {
            header = MemoryMarshal.Read<DatagramHeader>(buffer);
            start = sizeof(DatagramHeader);
        }
        return buffer[start..length];
    }

    public void Shutdown(int how)
    {
        Kernel.Check(Libc.shutdown(Descriptor, how));
        _network.Settle();
    }

    public void Close()
    {
        Dispose();
        _network.Settle();
    }

    public void Dispose()
    {
        if (Descriptor >= 0)
            _ = Libc.close(Descriptor);
        Descriptor = -1;
    }

    private void OpenDatagram()
    {
        Kernel.Check(UnixAddress.Connect(Descriptor, _host.Names.Datagrams));
        Request request = _host.NewRequest(Operation.OpenDatagram);
        Assert.That(Send(MemoryMarshal.AsBytes(new ReadOnlySpan<Request>(in request))), Is.EqualTo(sizeof(Request)));
    }
}
