using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>The sending calls: TCP's go to the kernel, UDP's get a header where they have an address.</summary>
internal static unsafe class Send
{
    [UnmanagedCallersOnly(EntryPoint = "send")]
    public static nint Plain(int fd, byte* buffer, nuint length, int flags)
    {
        Startup.Ensure();
        return To(fd, buffer, length, flags, null, 0);
    }

    /// <summary>Another name of send() in glibc.</summary>
    [UnmanagedCallersOnly(EntryPoint = "__send")]
    public static nint UnderscoreSend(int fd, byte* buffer, nuint length, int flags)
    {
        Startup.Ensure();
        return To(fd, buffer, length, flags, null, 0);
    }

    [UnmanagedCallersOnly(EntryPoint = "sendto")]
    public static nint SendTo(int fd, byte* buffer, nuint length, int flags, byte* address, uint addressLength)
    {
        Startup.Ensure();
        return To(fd, buffer, length, flags, address, addressLength);
    }

    [UnmanagedCallersOnly(EntryPoint = "sendmsg")]
    public static nint SendMessage(int fd, MessageHeader* message, int flags)
    {
        Startup.Ensure();
        return Message(fd, message, flags);
    }

    [UnmanagedCallersOnly(EntryPoint = "sendmmsg")]
    public static int SendMessages(int fd, MultiMessageHeader* messages, uint count, int flags)
    {
        Startup.Ensure();
        if (!Descriptor.IsOurs(fd, out _))
            return Next.SendMessages(fd, messages, count, flags);
        int done = 0;
        while (done < count)
        {
            nint result = Message(fd, &messages[done].Message, flags);
            if (result < 0)
                return done > 0 ? done : -1;
            messages[done++].Length = (uint)result;
        }

        return done;
    }

    private static nint To(int fd, byte* buffer, nuint length, int flags, byte* address, uint addressLength)
    {
        BusyPolling.NoteSend(fd);
        bool asksKind = Descriptor.AnyDatagram || address != null || (flags & (MsgFastOpen | MsgOob)) != 0;
        if (asksKind && Descriptor.IsOurs(fd, out SocketState state))
        {
            if (address != null && addressLength > SocketAddress.LargestLength)
                return LibcError.Answer(Errno.EINVAL);
            IoVector vector = new() { Base = buffer, Length = length };
            MessageHeader message = new()
            {
                Vectors = &vector,
                VectorCount = 1,
                Name = address,
                NameLength = addressLength,
            };
            return Ours(fd, state, &message, flags);
        }

        nint result = Next.SendTo(fd, buffer, length, flags, address, addressLength);
        return result >= 0 ? result : Streams.TranslateSend(fd, result);
    }

    private static nint Message(int fd, MessageHeader* message, int flags)
    {
        BusyPolling.NoteSend(fd);
        if (!Descriptor.IsOurs(fd, out SocketState state))
            return Next.SendMessage(fd, message, flags);
        if (message == null)
            return LibcError.Answer(Errno.EFAULT);
        MessageHeader whole = *message;
        if (whole.NameLength == 0)
            whole.Name = null; // no address, which one without a length is to sendto(2)
        if (whole.Name != null && (int)whole.NameLength < 0)
            return LibcError.Answer(Errno.EINVAL);
        if (whole.VectorCount <= IoVectors.MostPieces && whole.ControlLength > int.MaxValue)
            return LibcError.Answer(Errno.ENOBUFS);
        return Ours(fd, state, &whole, flags);
    }

    private static nint Ours(int fd, SocketState state, MessageHeader* message, int flags)
    {
        if (message->VectorCount > IoVectors.MostPieces)
            return LibcError.Answer(Errno.EMSGSIZE);
        if ((state & SocketState.Datagram) != 0)
            return Datagrams.Send(fd, state, message, flags);
        if ((flags & MsgFastOpen) != 0)
        {
            Errno error = Connect.Stream(fd, state, message->Name, message->NameLength, mayWait: (flags & MsgDontwait) == 0);
            if (error != Errno.None)
                return LibcError.Answer(error);
        }

        if (message->ControlLength != 0 && (state & SocketState.WriteShut) == 0 &&
            (state & (SocketState.Connecting | SocketState.Accepted)) != 0)
        {
            Errno error = SendControl.Check(message);
            if (error != Errno.None)
                return LibcError.Answer(error);
        }

        // A TCP socket ignores the address and has no use for control messages; AF_UNIX would say EISCONN, and pass descriptors.
        MessageHeader bare = *message;
        bare.Name = null;
        bare.NameLength = 0;
        bare.Control = null;
        bare.ControlLength = 0;
        nint result = (flags & MsgOob) != 0 && (state & (SocketState.Connecting | SocketState.Accepted)) != 0 && SocketName.LeadsToOurHost(fd)
            ? Urgent(fd, &bare, flags & ~(MsgFastOpen | MsgOob))
            : Next.SendMessage(fd, &bare, flags & ~(MsgFastOpen | MsgOob));
        return result >= 0 ? result : Streams.TranslateSend(fd, result);
    }

    /// <summary>Sends a message whose last octet is urgent (RFC 9293 §3.8.5). Of a long one the last octet goes by itself.</summary>
    private static nint Urgent(int fd, MessageHeader* message, int flags)
    {
        int last = -1;
        nuint length = 0;
        for (int index = 0; index < (int)message->VectorCount; index++)
        {
            nuint part = message->Vectors[index].Length;
            if (part > int.MaxValue)
                return Next.SendMessage(fd, message, flags); // which says what is wrong with it
            length += part;
            if (part > 0)
                last = index;
        }

        if (last < 0)
            return Next.SendMessage(fd, message, flags);
        if (length <= StreamNotes.MostUrgentOctets && last < StreamNotes.MostUrgentPieces)
            return UrgentAtOnce(fd, message->Vectors, last + 1, (int)length, flags);
        IoVector rest = message->Vectors[last];
        rest.Length--;
        IoVector octet = new() { Base = rest.Base + rest.Length, Length = 1 };
        nint sent = Several(fd, message->Vectors, last, flags);
        if (sent >= 0 && (nuint)sent == length - rest.Length - 1)
        {
            nint more = Several(fd, &rest, 1, flags);
            sent = more >= 0 ? sent + more : sent > 0 ? sent : -1;
        }

        if (sent < 0 || (nuint)sent != length - 1)
            return sent;
        nint urgent = UrgentAtOnce(fd, &octet, 1, 1, flags);
        return urgent == 1 ? sent + 1 : sent > 0 ? sent : urgent;
    }

    private static nint UrgentAtOnce(int fd, IoVector* vectors, int count, int length, int flags)
    {
        nint sent = StreamNotes.SendUrgent(fd, vectors, count, length, flags & MsgDontwait);
        if (sent >= 0)
            return sent;
        // What else there is the kernel says, with the signal that belongs to it. Where only the note is refused, all goes in line.
        return sent is -(int)Errno.EAGAIN or -(int)Errno.EINTR ? LibcError.Answer((Errno)(-sent)) : Several(fd, vectors, count, flags);
    }

    private static nint Several(int fd, IoVector* vectors, int count, int flags)
    {
        if (count == 0 || IoVectors.Capacity(vectors, count) == 0)
            return 0;
        MessageHeader message = new() { Vectors = vectors, VectorCount = (nuint)count };
        return Next.SendMessage(fd, &message, flags);
    }
}
