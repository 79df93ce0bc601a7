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

    /// <summary>Sends a message whose last octet is urgent (RFC 9293 §3.8.5). That one goes by itself, with a note for the host.</summary>
    private static nint Urgent(int fd, MessageHeader* message, int flags)
    {
        int last = (int)message->VectorCount - 1;
        while (last >= 0 && message->Vectors[last].Length == 0)
            last--;
        if (last < 0)
            return Next.SendMessage(fd, message, flags);
        IoVector rest = message->Vectors[last];
        rest.Length--;
        byte* octet = rest.Base + rest.Length;
        nuint wanted = IoVectors.Capacity(message->Vectors, last) + rest.Length;
        nint sent = 0;
        MessageHeader part = *message;
        part.VectorCount = (nuint)last;
        if (last > 0)
            sent = Next.SendMessage(fd, &part, flags);
        if (sent >= 0 && (nuint)sent + rest.Length == wanted && rest.Length > 0)
        {
            part.Vectors = &rest;
            part.VectorCount = 1;
            nint more = Next.SendMessage(fd, &part, flags);
            sent = more >= 0 ? sent + more : sent > 0 ? sent : -1;
        }

        if (sent < 0 || (nuint)sent != wanted)
            return sent;
        nint told = StreamNotes.SendUrgent(fd, octet, flags & MsgDontwait);
        if (told == 1)
            return sent + 1;
        if (sent > 0)
            return sent;
        if (told == -(int)Errno.EAGAIN)
            return LibcError.Answer(Errno.EAGAIN);
        // The kernel says why, with the signal that belongs to it. Where only the note is refused, the octet goes in line.
        IoVector alone = new() { Base = octet, Length = 1 };
        part.Vectors = &alone;
        part.VectorCount = 1;
        return Next.SendMessage(fd, &part, flags);
    }
}
