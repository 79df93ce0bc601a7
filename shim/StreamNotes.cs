using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;

namespace Pyco.Shim;

/// <summary>
/// Options of a connected TCP socket, told to the host in the socket's own stream (<see cref="StreamNote"/>): in order with what
/// the program writes, and from nobody who does not hold the socket.
/// </summary>
internal static unsafe class StreamNotes
{
    internal const int MostUrgentPieces = 16;

    /// <summary>With the note, less than half of the smallest send buffer, which the kernel does not divide.</summary>
    internal const int MostUrgentOctets = 4096;

    /// <summary>Whether an option is told this way. Only those are that the host is never asked for: it may read the note much later.</summary>
    internal static bool Has(int level, int name, out StreamOption option)
    {
        option = level == SolSocket ? StreamOption.KeepAlive : StreamOption.NoDelay;
        return (level == SolSocket && name == SoKeepAlive) || (level == SolTcp && name == TcpNoDelay);
    }

    /// <summary>Tells an option's value, and does not wait.</summary>
    /// <returns>
    /// False when it cannot be told at the moment: the send buffer is full, or writing has ended.
    /// </returns>
    internal static bool TryTell(int fd, StreamOption option, bool isOn)
    {
        StreamNote note = new() { Option = option, Value = isOn ? 1 : 0 };
        StackHost.Sign(&note);
        IoVector vector = new() { Base = (byte*)&note, Length = (nuint)sizeof(StreamNote) };
        return Send(fd, &vector, 1) == sizeof(StreamNote);
    }

    /// <summary>Sends a message whose last octet is urgent, all of it or nothing.</summary>
    /// <param name="fd">The socket.</param>
    /// <param name="octets">The message.</param>
    /// <param name="count">How many pieces it has, at most <see cref="MostUrgentPieces"/>.</param>
    /// <param name="length">Octets, at most <see cref="MostUrgentOctets"/>: more would be several messages to the kernel.</param>
    /// <param name="flags">MSG_DONTWAIT or 0.</param>
    /// <returns>The length, or the errno with a minus.</returns>
    internal static nint SendUrgent(int fd, IoVector* octets, int count, int length, int flags)
    {
        StreamNote note = new() { Option = StreamOption.Urgent, Value = length };
        StackHost.Sign(&note);
        IoVector* vectors = stackalloc IoVector[MostUrgentPieces + 1];
        vectors[0] = new IoVector { Base = (byte*)&note, Length = (nuint)sizeof(StreamNote) };
        for (int index = 0; index < count; index++)
            vectors[index + 1] = octets[index];
        nint sent = Send(fd, vectors, count + 1);
        if (sent == -(int)Errno.EAGAIN && (flags & MsgDontwait) == 0)
            sent = SendWaiting(fd, vectors, count + 1);
        return sent < 0 ? sent : sent - sizeof(StreamNote);
    }

    /// <summary>
    /// Waits for room as send(2) does, until a signal comes or the socket's time is over. Meanwhile nothing of ours is open in the program:
    /// it may fork, or leave by siglongjmp(3). So it is the socket itself that goes along.
    /// </summary>
    private static nint SendWaiting(int fd, IoVector* vectors, int count)
    {
        DescriptorControl control;
        MessageHeader message = new() { Vectors = vectors, VectorCount = (nuint)count };
        HostRequest.Attach(&message, &control, fd);
        return Kernel.SendMessage(fd, &message, MsgNosignal);
    }

    private static nint Send(int fd, IoVector* vectors, int count)
    {
        // No Unix socket: while one of those is on its way, the close of any other asks for the kernel's garbage collection.
        // But without a number left the socket itself will do: these options cannot fail, and a request would need a number too.
        int marker = Kernel.NewEventDescriptor();
        MessageHeader message = new() { Vectors = vectors, VectorCount = (nuint)count };
        nint sent = HostRequest.Send(fd, marker >= 0 ? marker : fd, &message, MsgDontwait);
        if (marker >= 0)
            _ = Kernel.Close(marker);
        return sent;
    }
}
