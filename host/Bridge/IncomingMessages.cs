using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Bridge;

/// <summary>
/// Takes the datagrams that wait on a program's socket with one recvmmsg(2). A count below <see cref="Capacity"/> says that
/// nothing is left, which would else cost a call of its own.
/// </summary>
internal sealed unsafe class IncomingMessages
{
    public const int Capacity = 32;

    /// <summary>The sender's name is not looked at, only whether there is one.</summary>
    private const int NameCapacity = 8;

    [ThreadStatic]
    private static IncomingMessages? OwnInstance;

    private readonly MultiMessageHeader* _messages;
    private readonly IoVector* _vectors;

    /// <summary>Never freed: there is one for each loop, and that lasts as long as the process.</summary>
    private IncomingMessages()
    {
        // The longest datagram with its header; pages that no datagram has reached stay untouched.
        nuint room = (nuint)(MessageSocket.MaxMessage + sizeof(DatagramHeader));
        byte* octets = (byte*)NativeMemory.Alloc(Capacity, room);
        byte* names = (byte*)NativeMemory.AllocZeroed(Capacity, NameCapacity);
        _messages = (MultiMessageHeader*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(MultiMessageHeader));
        _vectors = (IoVector*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(IoVector));
        for (int index = 0; index < Capacity; index++)
        {
            _vectors[index] = new IoVector { Base = octets + ((nuint)index * room), Length = room };
            _messages[index].Header = new MessageHeader
            {
                Name = names + (index * NameCapacity),
                Vectors = &_vectors[index],
                VectorCount = 1,
            };
        }
    }

    /// <summary>Shared by all sockets of a loop, because a loop does one thing at a time.</summary>
    public static IncomingMessages OfThisThread => OwnInstance ??= new();

    /// <summary>Takes what waits.</summary>
    /// <returns>How many messages; else what went wrong, EAGAIN if nothing waits.</returns>
    public Errno Receive(int descriptor, out int count)
    {
        for (int index = 0; index < Capacity; index++)
            _messages[index].Header.NameLength = NameCapacity;
        do
            count = Libc.recvmmsg(descriptor, _messages, Capacity, Constants.MsgDontwait, timeout: null);
        while (count < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR);
        return count >= 0 ? Errno.None : (Errno)Marshal.GetLastPInvokeError();
    }

    /// <summary>What a message holds, until the next call of <see cref="Receive"/>.</summary>
    public Span<byte> this[int index] => new(_vectors[index].Base, (int)_messages[index].Length);

    /// <summary>An empty message and the end both read as 0: only a message has a sender's name.</summary>
    public bool IsEnd(int index) => _messages[index].Length == 0 && _messages[index].Header.NameLength == 0;
}
