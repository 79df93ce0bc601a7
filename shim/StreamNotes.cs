using Pyco.Host.Protocol;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;

namespace Pyco.Shim;

/// <summary>
/// Options of a connected TCP socket, told to the host in the socket's own stream (<see cref="StreamNote"/>): in order with what
/// the program writes, and from nobody who does not hold the socket.
/// </summary>
internal static unsafe class StreamNotes
{
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
    internal static bool TryTell(int fd, StreamOption option, bool isOn) => Write(fd, null, 0, option, isOn, MsgDontwait) == sizeof(StreamNote);

    /// <summary>Sends an octet and tells that it is urgent, both or neither.</summary>
    /// <param name="fd">The socket.</param>
    /// <param name="octet">The octet.</param>
    /// <param name="flags">MSG_DONTWAIT or 0.</param>
    /// <returns>1, or the errno with a minus.</returns>
    internal static nint SendUrgent(int fd, byte* octet, int flags)
    {
        nint sent = Write(fd, octet, 1, StreamOption.Urgent, isOn: true, flags);
        return sent > 0 ? 1 : sent;
    }

    private static nint Write(int fd, byte* before, nuint length, StreamOption option, bool isOn, int flags)
    {
        // No Unix socket: while one of those is on its way, the close of any other asks for the kernel's garbage collection.
        // But without a number left the socket itself will do: these options cannot fail, and a request would need a number too.
        int marker = Kernel.NewEventDescriptor();
        StreamNote note = new() { Option = option, Value = isOn ? 1 : 0 };
        StackHost.Sign(&note);
        IoVector* vectors = stackalloc IoVector[2];
        vectors[0] = new IoVector { Base = before, Length = length };
        vectors[1] = new IoVector { Base = (byte*)&note, Length = (nuint)sizeof(StreamNote) };
        MessageHeader message = new() { Vectors = vectors, VectorCount = 2 };
        nint sent = HostRequest.Send(fd, marker >= 0 ? marker : fd, &message, flags);
        if (marker >= 0)
            _ = Kernel.Close(marker);
        return sent;
    }
}
