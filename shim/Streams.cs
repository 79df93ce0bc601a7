using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>What AF_UNIX says about a stream, said as TCP says it.</summary>
internal static unsafe class Streams
{
    private const int DiscardLength = 65536;

#pragma warning disable CS0169 // the compiler does not count the use of a fixed buffer
    private static Waste Discarded;
#pragma warning restore CS0169

    /// <summary>
    /// MSG_TRUNC, with which TCP throws octets away instead of copying them (tcp(7)) and AF_UNIX does not. They go where
    /// nobody reads them; one call takes no more than that place holds.
    /// </summary>
    internal static nint Discard(int fd, nuint length, int flags)
    {
        nuint taken = length < DiscardLength ? length : DiscardLength;
        fixed (byte* waste = Discarded.Octets)
        {
            nint result = Next.ReceiveFrom(fd, waste, taken, flags & ~MsgTrunc, null, null);
            return result > 0 ? result : Translate(fd, result, taken);
        }
    }

    /// <summary>
    /// Called with what a receiving call returned, when that was no data: the usual case never comes here.
    /// </summary>
    internal static nint Translate(int fd, nint result, nuint wanted)
    {
        if (result == 0 && wanted != 0)
            return EndOfFile(fd);
        return result < 0 && *LibcError.Location() is (int)Errno.EINVAL or (int)Errno.ECONNRESET
            ? Failure(fd, result)
            : result;
    }

    private static nint EndOfFile(int fd)
    {
        if (!Descriptor.IsOurs(fd, out SocketState state))
            return 0;
        return (state & SocketState.Datagram) != 0
            ? Datagrams.AfterEmptyMessage(fd)
            : LibcError.Answer(StreamError.AfterEndOfFile(fd, state));
    }

    private static nint Failure(int fd, nint result)
    {
        if (!Descriptor.IsOurStream(fd, out SocketState state))
            return result;
        if ((state & (SocketState.Connecting | SocketState.Accepted)) == 0)
            return LibcError.Answer(Errno.ENOTCONN);
        if (*LibcError.Location() != (int)Errno.ECONNRESET)
            return result;

        // The host closed with octets of ours unread; only the host knows which error it was.
        Errno error = StreamError.Ask(fd);
        return LibcError.Answer(error == Errno.None ? Errno.ECONNRESET : error);
    }

    /// <summary>A send failed: an unconnected TCP socket says EPIPE, and after a reset the first call tells of it.</summary>
    internal static nint TranslateSend(int fd, nint result)
    {
        int errno = *LibcError.Location();
        if (errno is not ((int)Errno.ENOTCONN or (int)Errno.EPIPE or (int)Errno.ECONNRESET) ||
            !Descriptor.IsOurStream(fd, out SocketState state))
            return result;
        if (errno == (int)Errno.ENOTCONN)
            return LibcError.Answer(Errno.EPIPE);
        if ((state & SocketState.WriteShut) != 0)
            return LibcError.Answer(Errno.EPIPE);
        int events = Kernel.PollNow(fd, PollOut);
        Errno error = (events & PollHup) != 0 ? StreamError.Ask(fd) : Errno.None;
        return LibcError.Answer(error == Errno.None ? Errno.EPIPE : error);
    }

    private struct Waste
    {
        public fixed byte Octets[DiscardLength];
    }
}
