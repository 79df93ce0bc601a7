using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Bridge;

/// <summary>Gives datagrams to a program with one sendmmsg(2).</summary>
internal sealed unsafe class OutgoingMessages
{
    public const int Capacity = 32;

    private const int VectorsEach = 2; // a header and a payload

    [ThreadStatic]
    private static OutgoingMessages? OwnInstance;

    private readonly Datagram[] _datagrams = new Datagram[Capacity];
    private readonly MultiMessageHeader* _messages;
    private readonly DatagramHeader* _headers;
    private readonly IoVector* _vectors;

    /// <summary>Never freed: there is one for each loop, and that lasts as long as the process.</summary>
    private OutgoingMessages()
    {
        _messages = (MultiMessageHeader*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(MultiMessageHeader));
        _headers = (DatagramHeader*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(DatagramHeader));
        _vectors = (IoVector*)NativeMemory.AllocZeroed(Capacity * VectorsEach, (nuint)sizeof(IoVector));
        for (int index = 0; index < Capacity; index++)
        {
            IoVector* vectors = &_vectors[index * VectorsEach];
            vectors[0].Base = &_headers[index];
            _messages[index].Header.Vectors = vectors;
            _messages[index].Header.VectorCount = VectorsEach;
        }
    }

    /// <summary>Shared by all sockets of a loop, because a loop does one thing at a time.</summary>
    public static OutgoingMessages OfThisThread => OwnInstance ??= new();

    public int Count { get; private set; }

    public bool IsFull => Count == Capacity;

    /// <summary>Takes a datagram over.</summary>
    public void Add(in Datagram datagram) => Add(datagram, hasHeader: false);

    /// <summary>Takes a datagram over, with what stands before it.</summary>
    public void Add(in Datagram datagram, in DatagramHeader header)
    {
        _headers[Count] = header;
        Add(datagram, hasHeader: true);
    }

    /// <summary>Sends what was added, as far as the program's queue takes it; what it takes is disposed.</summary>
    /// <returns>How many were sent; -1 if none, with the errno as a system call leaves it.</returns>
    public int Send(int descriptor)
    {
        int sent = Libc.sendmmsg(descriptor, _messages, (uint)Count, Constants.MsgDontwait | Constants.MsgNosignal);
        for (int index = 0; index < sent; index++)
            _datagrams[index].Dispose();
        return sent;
    }

    /// <summary>Gives back those from number <paramref name="first"/> on, in their order.</summary>
    public void TakeBack(int first, Queue<Datagram> rest)
    {
        for (int index = first; index < Count; index++)
            rest.Enqueue(_datagrams[index]);
        Clear();
    }

    /// <summary>Forgets those from number <paramref name="first"/> on.</summary>
    public void Drop(int first)
    {
        for (int index = first; index < Count; index++)
            _datagrams[index].Dispose();
        Clear();
    }

    private void Clear()
    {
        Array.Clear(_datagrams, 0, Count);
        Count = 0;
    }

    private void Add(in Datagram datagram, bool hasHeader)
    {
        Span<byte> payload = datagram.Frame.Octets;
        IoVector* vectors = &_vectors[Count * VectorsEach];
        vectors[0].Length = hasHeader ? (nuint)sizeof(DatagramHeader) : 0;
        // The slabs of the stack's frames are pinned for their whole life.
        vectors[1] = new IoVector
        {
            Base = Unsafe.AsPointer(ref MemoryMarshal.GetReference(payload)),
            Length = (nuint)payload.Length,
        };
        _datagrams[Count++] = datagram;
    }
}
