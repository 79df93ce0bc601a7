using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>
/// The receiving calls. Data of TCP sockets comes from the kernel untouched; what is asked here is asked only when no
/// data came. UDP sockets go to <see cref="Datagrams"/>.
/// </summary>
internal static unsafe class Receive
{
    [UnmanagedCallersOnly(EntryPoint = "read")]
    public static nint Read(int fd, byte* buffer, nuint length)
    {
        Startup.Ensure();
        return ReadInto(fd, buffer, length);
    }

    /// <summary>Another name of read() in glibc.</summary>
    [UnmanagedCallersOnly(EntryPoint = "__read")]
    public static nint UnderscoreRead(int fd, byte* buffer, nuint length)
    {
        Startup.Ensure();
        return ReadInto(fd, buffer, length);
    }

    [UnmanagedCallersOnly(EntryPoint = "__read_chk")]
    public static nint CheckedRead(int fd, byte* buffer, nuint length, nuint capacity)
    {
        Startup.Ensure();
        Fortify.Check(length, capacity);
        return ReadInto(fd, buffer, length);
    }

    [UnmanagedCallersOnly(EntryPoint = "readv")]
    public static nint ReadVector(int fd, IoVector* vectors, int count)
    {
        Startup.Ensure();
        if (count is < 0 or > IoVectors.MostPieces)
            return Next.ReadVector(fd, vectors, count);
        // To read nothing takes nothing: of datagrams only recv() and its kin take an empty look.
        if (Descriptor.AnyDatagram && count > 0 && IoVectors.Capacity(vectors, count) != 0 &&
            Descriptor.IsOurDatagram(fd, out SocketState state))
        {
            MessageHeader message = new() { Vectors = vectors, VectorCount = (nuint)count };
            return Datagrams.Receive(fd, state, &message, 0);
        }

        nint result = Next.ReadVector(fd, vectors, count);
        return result > 0 ? result : Streams.Translate(fd, result, IoVectors.Capacity(vectors, count));
    }

    [UnmanagedCallersOnly(EntryPoint = "recv")]
    public static nint Recv(int fd, byte* buffer, nuint length, int flags)
    {
        Startup.Ensure();
        return From(fd, buffer, length, flags, null, null);
    }

    [UnmanagedCallersOnly(EntryPoint = "__recv_chk")]
    public static nint CheckedRecv(int fd, byte* buffer, nuint length, nuint capacity, int flags)
    {
        Startup.Ensure();
        Fortify.Check(length, capacity);
        return From(fd, buffer, length, flags, null, null);
    }

    [UnmanagedCallersOnly(EntryPoint = "recvfrom")]
    public static nint RecvFrom(int fd, byte* buffer, nuint length, int flags, byte* address, uint* addressLength)
    {
        Startup.Ensure();
        return From(fd, buffer, length, flags, address, addressLength);
    }

    [UnmanagedCallersOnly(EntryPoint = "__recvfrom_chk")]
    public static nint CheckedRecvFrom(
        int fd, byte* buffer, nuint length, nuint capacity, int flags, byte* address, uint* addressLength)
    {
        Startup.Ensure();
        Fortify.Check(length, capacity);
        return From(fd, buffer, length, flags, address, addressLength);
    }

    [UnmanagedCallersOnly(EntryPoint = "recvmsg")]
    public static nint RecvMessage(int fd, MessageHeader* message, int flags)
    {
        Startup.Ensure();
        return Message(fd, message, flags);
    }

    [UnmanagedCallersOnly(EntryPoint = "recvmmsg")]
    public static int RecvMessages(int fd, MultiMessageHeader* messages, uint count, int flags, TimeSpec* timeout)
    {
        Startup.Ensure();
        return Descriptor.IsOurs(fd, out _)
            ? Several(fd, messages, count, flags)
            : SeveralForeign(fd, messages, count, flags, timeout);
    }

    private static nint ReadInto(int fd, byte* buffer, nuint length)
    {
        if (Descriptor.AnyDatagram && length != 0 && Descriptor.IsOurDatagram(fd, out SocketState state))
            return Datagrams.Receive(fd, state, buffer, length, 0, null, null);
        nint result = Next.Read(fd, buffer, length);
        return result > 0 ? result : Streams.Translate(fd, result, length);
    }

    private static nint From(int fd, byte* buffer, nuint length, int flags, byte* address, uint* addressLength)
    {
        bool asksKind = Descriptor.AnyDatagram || address != null || (flags & (MsgErrQueue | MsgOob | MsgTrunc)) != 0;
        if (asksKind && Descriptor.IsOurs(fd, out SocketState state))
        {
            if (address != null && addressLength == null)
                return LibcError.Answer(Errno.EFAULT);
            if ((flags & MsgErrQueue) != 0)
                return DatagramErrors.Receive(fd, state, buffer, length, address, addressLength);
            if ((state & SocketState.Datagram) != 0)
                return Datagrams.Receive(fd, state, buffer, length, flags, address, addressLength);
            if (address != null)
                *addressLength = 0; // tcp_recvmsg gives no address; AF_UNIX would give its own
            if ((flags & MsgTrunc) != 0)
                return Streams.Discard(fd, length, flags);
            address = null;
            addressLength = null;
        }

        if ((flags & MsgOob) != 0)
            return Next.ReceiveFrom(fd, buffer, length, flags, address, addressLength); // which never waits
        Errno early = BusyPolling.Begin(fd, flags, out BusyPolling.Wait wait);
        if (early != Errno.None)
            return BusyPolling.Answer(early, null);
        nint result = Next.ReceiveFrom(fd, buffer, length, flags, address, addressLength);
        wait.End();
        return result > 0 ? result : Streams.Translate(fd, result, length);
    }

    private static nint Message(int fd, MessageHeader* message, int flags)
    {
        if (!Descriptor.IsOurs(fd, out SocketState state))
            return Foreign(fd, message, flags);
        if (message == null)
            return LibcError.Answer(Errno.EFAULT);
        if (message->Name != null && (int)message->NameLength < 0)
            return LibcError.Answer(Errno.EINVAL);
        if (message->VectorCount > IoVectors.MostPieces)
            return LibcError.Answer(Errno.EMSGSIZE);
        if ((flags & MsgErrQueue) != 0)
            return DatagramErrors.Receive(fd, state, message);
        if ((state & SocketState.Datagram) != 0)
            return Datagrams.Receive(fd, state, message, flags);
        nuint capacity = IoVectors.Capacity(message->Vectors, (int)message->VectorCount);
        if ((flags & MsgTrunc) != 0)
        {
            message->TellNothing();
            return Streams.Discard(fd, capacity, flags);
        }

        BusyPolling.Wait wait = default;
        Errno early = (flags & MsgOob) == 0 ? BusyPolling.Begin(fd, flags, out wait) : Errno.None;
        if (early != Errno.None)
            return BusyPolling.Answer(early, message);
        byte* name = message->Name;
        message->Name = null;
        nint result = Next.ReceiveMessage(fd, message, flags);
        wait.End();
        message->Name = name;
        if (result >= 0)
            message->NameLength = 0;
        return result > 0 ? result : Streams.Translate(fd, result, capacity);
    }

    /// <summary>A message that may bring sockets of ours (SCM_RIGHTS).</summary>
    private static nint Foreign(int fd, MessageHeader* message, int flags)
    {
        nint result = Next.ReceiveMessage(fd, message, flags);
        if (result >= 0 && message->ControlLength != 0)
            Descriptor.LookForPassedDatagramSockets(message);
        return result;
    }

    private static int SeveralForeign(int fd, MultiMessageHeader* messages, uint count, int flags, TimeSpec* timeout)
    {
        int received = Next.ReceiveMessages(fd, messages, count, flags, timeout);
        for (int i = 0; i < received; i++)
        {
            if (messages[i].Message.ControlLength != 0)
                Descriptor.LookForPassedDatagramSockets(&messages[i].Message);
        }

        return received;
    }

    /// <summary>Several messages one by one: the first may wait, the others do not.</summary>
    private static int Several(int fd, MultiMessageHeader* messages, uint count, int flags)
    {
        int done = 0;
        while (done < count)
        {
            int errno = *LibcError.Location();
            int doesNotWait = done > 0 ? MsgDontwait : 0;
            nint result = Message(fd, &messages[done].Message, (flags & ~MsgWaitForOne) | doesNotWait);
            if (result < 0 && done == 0)
                return -1;
            if (result < 0)
            {
                *LibcError.Location() = errno;
                return done;
            }

            messages[done++].Length = (uint)result;
        }

        return done;
    }
}
