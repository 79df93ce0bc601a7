using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests.Testing;

/// <summary>A program's mapping of its socket's send ring, and a writer that knows no more than docs/host-protocol.md tells.</summary>
internal sealed unsafe class TestRing : IDisposable
{
    private const int ReadWrite = 1 | 2; // PROT_READ | PROT_WRITE
    private const int Shared = 1; // MAP_SHARED

    private readonly TestNetwork _network;
    private readonly TestSocket _socket;
    private readonly byte* _start;

    private TestRing(TestNetwork network, TestSocket socket, byte* start)
    {
        _network = network;
        _socket = socket;
        _start = start;
    }

    public SendRingHeader* Header => (SendRingHeader*)_start;

    public byte* Data => _start + SendRing.HeaderOctets;

    /// <summary>Asks the host for the socket's ring; null and the reason if there is none.</summary>
    public static TestRing? Get(TestNetwork network, TestHost host, TestSocket socket, out Errno error)
    {
        using RawClient client = RawClient.Connect(network, host, Constants.SockStream);
        client.Send(host.NewRequest(Operation.GetSendRing), socket.Descriptor);
        error = (Errno)client.TakeReply(out int descriptor)!.Value.Error;
        if (descriptor < 0)
            return null;
        void* start = Libc.mmap(null, SendRing.WholeOctets, ReadWrite, Shared, descriptor, 0);
        Kernel.Check(Libc.close(descriptor));
        Assert.That((long)start, Is.GreaterThan(0));
        return new TestRing(network, socket, (byte*)start);
    }

    /// <summary>Writes a message of the connected socket, and rings if the host wants it.</summary>
    public void Write(ReadOnlySpan<byte> message)
    {
        Post(message);
        Ring();
    }

    /// <summary>Writes a message, and the host does not get to look at it yet.</summary>
    public void Post(ReadOnlySpan<byte> message)
    {
        nuint tail = Header->Tail;
        byte* record = Data + (tail % SendRing.DataOctets);
        ((SendRecord*)record)->Length = (uint)message.Length;
        message.CopyTo(new Span<byte>(record + sizeof(SendRecord), message.Length));
        nuint whole = SendRing.RecordOctets((nuint)message.Length);
        Assert.That((tail % SendRing.DataOctets) + whole, Is.LessThanOrEqualTo((nuint)SendRing.DataOctets), "the test writes no more");
        Header->Tail = tail + whole;
    }

    private void Ring()
    {
        int wish = Header->WantsBell;
        if (wish != 0)
        {
            DatagramHeader bell = _socket.NewHeader();
            bell.Error = SendSignal.Bell;
            _ = _socket.Post(MemoryMarshal.AsBytes(new ReadOnlySpan<DatagramHeader>(in bell)));
            _ = Interlocked.CompareExchange(ref Header->WantsBell, 0, wish);
        }
        _network.Settle();
    }

    public void Dispose() => _ = Libc.munmap(_start, SendRing.WholeOctets);
}
