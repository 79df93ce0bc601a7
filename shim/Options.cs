using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;

namespace Pyco.Shim;

/// <summary>
/// getsockopt(2) and setsockopt(2). SOL_SOCKET's are mostly the kernel socket's own; TCP's and IP's live in the host.
/// </summary>
internal static unsafe class Options
{
    [UnmanagedCallersOnly(EntryPoint = "getsockopt")]
    public static int Get(int fd, int level, int name, byte* value, uint* length)
    {
        Startup.Ensure();
        if (!Descriptor.IsOurs(fd, out SocketState state))
            return Next.GetOption(fd, level, name, value, length);
        if (value == null || length == null)
            return LibcError.Answer(Errno.EFAULT);
        if ((int)*length < 0)
            return LibcError.Answer(Errno.EINVAL);
        return LibcError.Answer(level == SolSocket
            ? SocketOptions.Get(fd, state, name, value, length)
            : ProtocolOptions.Get(fd, state, level, name, value, length));
    }

    [UnmanagedCallersOnly(EntryPoint = "setsockopt")]
    public static int Set(int fd, int level, int name, byte* value, uint length)
    {
        Startup.Ensure();
        if (!Descriptor.IsOurs(fd, out SocketState state))
            return Next.SetOption(fd, level, name, value, length);
        if (value == null && length != 0)
            return LibcError.Answer(Errno.EFAULT);
        return LibcError.Answer(level == SolSocket
            ? SocketOptions.Set(fd, state, name, value, length)
            : ProtocolOptions.Set(fd, state, level, name, value, length));
    }

    /// <summary>What do_ip_getsockopt (6.1) does with too little room for a number: one octet has most of them.</summary>
    internal static void CutToOctet(int number, uint* length)
    {
        const int largestOctet = 255;
        if (*length is > 0 and < sizeof(int) && number is >= 0 and <= largestOctet)
            *length = 1;
    }

    /// <summary>Gives a number, cut to the caller's room.</summary>
    internal static Errno Give(int number, byte* value, uint* length)
    {
        if (*length > sizeof(int))
            *length = sizeof(int);
        Memory.Copy(value, (byte*)&number, (int)*length);
        return Errno.None;
    }

    /// <summary>Asks the host for an option's value.</summary>
    internal static Errno GetFromHost(int fd, int level, int name, byte* value, uint* length)
    {
        Request request = default;
        request.Operation = Operation.GetOption;
        request.OptionLevel = level;
        request.OptionName = name;
        request.OptionLength = (ushort)(*length < HostProtocol.OptionCapacity ? *length : HostProtocol.OptionCapacity);
        Reply reply;
        Errno error = HostRequest.Ask(fd, &request, &reply);
        if (error != Errno.None)
            return error;
        if (*length > reply.OptionLength)
            *length = reply.OptionLength;
        if (level == IpProtoIp && name != IpMulticastIf && reply.OptionLength == sizeof(int))
            CutToOctet(*(int*)reply.Option, length);
        Memory.Copy(value, reply.Option, (int)*length);
        return Errno.None;
    }

    /// <summary>Tells the host an option's value, which makes the socket known to it.</summary>
    internal static Errno SetAtHost(int fd, SocketState state, int level, int name, byte* value, uint length)
    {
        Request request;
        Errno error = Write(&request, level, name, value, length);
        if (error != Errno.None)
            return error;
        Reply reply;
        return MakeKnown(fd, state, HostRequest.Ask(fd, &request, &reply));
    }

    /// <summary>
    /// The same without waiting for the host: for a value that it cannot refuse. A program which sets five options on each
    /// connection, as Go's and Java's do, would otherwise wait five times for another process.
    /// </summary>
    internal static Errno NoteAtHost(int fd, SocketState state, int level, int name, byte* value, uint length)
    {
        if ((state & SocketState.Datagram) != 0)
            return SetAtHost(fd, state, level, name, value, length);
        // In another host's stream the note would be data.
        if ((state & (SocketState.Connecting | SocketState.Accepted)) != 0 &&
            StreamNotes.Has(level, name, out StreamOption option) && SocketName.LeadsToOurHost(fd))
        {
            if (StreamNotes.TryTell(fd, option, *(int*)value != 0))
                return Errno.None;
            // Asked, the host knows which of the notes in the stream are older. A connection that is over takes options too.
            Errno answer = SetAtHost(fd, state, level, name, value, length);
            return answer == Errno.ENOTCONN ? Errno.None : answer;
        }

        Request request;
        Errno error = Write(&request, level, name, value, length);
        if (error != Errno.None)
            return error;
        request.Operation = Operation.NoteOption;
        if ((state & SocketState.V6) != 0)
            request.Flags = RequestFlags.V6;
        error = HostRequest.Tell(fd, &request);
        return error == Errno.EAGAIN
            ? SetAtHost(fd, state, level, name, value, length)
            : MakeKnown(fd, state, error);
    }

    /// <summary>
    /// Sets the state of a TCP socket that an option has changed. Since it was read another thread may have begun to connect, which
    /// must not be undone: shutdown() would say ENOTCONN, and no end would ever reach the peer.
    /// </summary>
    internal static SocketState SetState(int fd, SocketState state)
    {
        const SocketState settled = SocketState.Connecting | SocketState.Accepted | SocketState.Listening;
        Descriptor.SetState(fd, state);
        if ((state & settled) != 0 || !SocketName.LeadsToOurHost(fd))
            return state;
        state |= SocketState.Connecting | SocketState.Known;
        Descriptor.SetState(fd, state);
        return state;
    }

    private static Errno Write(Request* request, int level, int name, byte* value, uint length)
    {
        *request = default;
        if (length > HostProtocol.OptionCapacity)
            length = HostProtocol.OptionCapacity; // more than any of them needs
        request->Operation = Operation.SetOption;
        request->OptionLevel = level;
        request->OptionName = name;
        request->OptionLength = (ushort)length;
        Memory.Copy(request->Option, value, (int)length);
        return Errno.None;
    }

    private static Errno MakeKnown(int fd, SocketState state, Errno error)
    {
        if (error == Errno.None && (state & SocketState.Known) == 0)
            Descriptor.SetState(fd, state | SocketState.Known);
        return error;
    }
}
