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
    internal static bool TryTell(int fd, StreamOption option, bool isOn)
    {
        // No Unix socket: while one of those is on its way, the close of any other asks for the kernel's garbage collection.
        // But without a number left the socket itself will do: these options cannot fail, and a request would need a number too.
        int marker = Kernel.NewEventDescriptor();
        StreamNote note = new() { Option = option, Value = isOn ? 1 : 0 };
        StackHost.Sign(&note);
        IoVector vector = new() { Base = (byte*)&note, Length = (nuint)sizeof(StreamNote) };
        MessageHeader message = new() { Vectors = &vector, VectorCount = 1 };
        nint sent = HostRequest.Send(fd, marker >= 0 ? marker : fd, &message, MsgDontwait);
        if (marker >= 0)
            _ = Kernel.Close(marker);
        return sent == sizeof(StreamNote);
    }
}
