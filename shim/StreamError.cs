using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>Why a TCP connection failed or ended, where the AF_UNIX socket cannot tell.</summary>
internal static unsafe class StreamError
{
    /// <summary>Takes the error from the host, which forgets it then.</summary>
    internal static Errno Ask(int fd)
    {
        // The kernel's own idea (ECONNRESET when the filler was not read) must not come a second time.
        _ = TakeFromKernel(fd);
        Reply reply;
        Errno error = HostRequest.Ask(fd, Operation.GetError, 0, &reply);
        return error == Errno.EINPROGRESS ? Errno.None : error;
    }

    internal static int TakeFromKernel(int fd)
    {
        int error = 0;
        uint length = sizeof(int);
        _ = Kernel.GetOption(fd, SolSocket, SoError, &error, &length);
        return error;
    }

    /// <summary>SO_ERROR of a stream socket, which clears it.</summary>
    internal static Errno Pending(int fd, SocketState state)
    {
        if ((state & (SocketState.Connecting | SocketState.Accepted)) == 0)
            return Errno.None;
        int events = Kernel.PollNow(fd, PollOut);
        if ((events & (PollErr | PollHup)) != 0)
            return Ask(fd);
        // What a program asks that has connected without waiting, before it begins to send.
        if ((events & PollOut) != 0 && (state & SocketState.HasSmallSendBuffer) != 0)
            Descriptor.SetState(fd, SendBuffer.Restore(fd, state));
        return Errno.None;
    }

    /// <summary>
    /// A read gave no data: an end of file if the peer sent FIN (the host then only shuts its writing side down), but
    /// if the host has closed, the connection may have been reset.
    /// </summary>
    internal static Errno AfterEndOfFile(int fd, SocketState state)
    {
        if ((state & (SocketState.Connecting | SocketState.Accepted)) == 0)
            return Errno.ENOTCONN;
        if ((state & SocketState.ReadShut) != 0)
            return Errno.None;
        int events = Kernel.PollNow(fd, PollIn);
        return (events & PollHup) != 0 ? Ask(fd) : Errno.None;
    }
}
