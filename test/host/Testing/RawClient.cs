using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests.Testing;

/// <summary>
/// A connection to a host's request socket that says whatever the test wants, with any descriptors attached.
/// </summary>
internal sealed unsafe class RawClient : IDisposable
{
    private const int MostAttached = 16;

    private readonly TestNetwork _network;

    private RawClient(TestNetwork network, int descriptor) => (_network, Descriptor) = (network, descriptor);

    public int Descriptor { get; private set; }

    public static RawClient Connect(TestNetwork network, TestHost host, int type)
    {
        int descriptor = Kernel.Check(Libc.socket(Constants.AfUnix, type | Constants.SockCloexec | Constants.SockNonblock, 0));
        UnixAddress name = type switch
        {
            Constants.SockStream => host.Names.Requests,
            Constants.SockDgram => host.Names.Notes,
            _ => host.Names.Datagrams,
        };
        Kernel.Check(UnixAddress.Connect(descriptor, name));
        return new RawClient(network, descriptor);
    }

    public void Send(ReadOnlySpan<byte> octets, params ReadOnlySpan<int> attached)
    {
        Transmit(octets, attached);
        _network.Settle();
    }

    public void Send(in Request request, params ReadOnlySpan<int> attached) =>
        Send(MemoryMarshal.AsBytes(new ReadOnlySpan<Request>(in request)), attached);

    /// <summary>Sends the request, and the host does not get to look at it yet.</summary>
    public void Post(in Request request, params ReadOnlySpan<int> attached) =>
        Transmit(MemoryMarshal.AsBytes(new ReadOnlySpan<Request>(in request)), attached);

    /// <summary>Sends the request and takes the answer; null if the host closed instead of answering.</summary>
    public Reply? Ask(in Request request, params ReadOnlySpan<int> attached)
    {
        Send(request, attached);
        return TakeReply();
    }

    /// <summary>The answer that is there, or null.</summary>
    public Reply? TakeReply()
    {
        Reply reply;
        nint length = Libc.recv(Descriptor, &reply, (nuint)sizeof(Reply), Constants.MsgDontwait);
        return length == sizeof(Reply) ? reply : null;
    }

    /// <summary>The answer that is there with the descriptor that came with it, which is the caller's, or -1.</summary>
    public Reply? TakeReply(out int descriptor)
    {
        Reply reply;
        List<int> descriptors = [];
        nint length = DescriptorPassing.Receive(Descriptor, (byte*)&reply, (nuint)sizeof(Reply), descriptors);
        descriptor = descriptors.Count == 1 ? descriptors[0] : -1;
        return length == sizeof(Reply) ? reply : null;
    }

    /// <summary>True once the host has closed its end.</summary>
    public bool IsClosedByHost()
    {
        byte octet;
        nint length = Libc.recv(Descriptor, &octet, 1, Constants.MsgDontwait | Constants.MsgPeek);
        return length == 0 || (length < 0 && Kernel.LastErrno == Errno.ECONNRESET);
    }

    /// <summary>Leaves without waiting for anything.</summary>
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

    private void Transmit(ReadOnlySpan<byte> octets, ReadOnlySpan<int> attached)
    {
        const int headerLength = 16; // struct cmsghdr: size_t length, int level, int type
        long* control = stackalloc long[(headerLength + (MostAttached * sizeof(int))) / sizeof(long)];
        fixed (byte* start = octets)
        {
            IoVector vector = new() { Base = start, Length = (nuint)octets.Length };
            MessageHeader message = new() { Vectors = &vector, VectorCount = 1 };
            if (!attached.IsEmpty)
            {
                control[0] = headerLength + (attached.Length * sizeof(int));
                ((int*)control)[2] = Constants.SolSocket;
                ((int*)control)[3] = Constants.ScmRights;
                attached.CopyTo(new Span<int>((int*)control + 4, MostAttached));
                message.Control = control;
                message.ControlLength = (nuint)control[0];
            }
            _ = Libc.sendmsg(Descriptor, &message, Constants.MsgNosignal); // the host may have closed already
        }
    }
}
