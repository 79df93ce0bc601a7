using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;

namespace Pyco.Shim;

/// <summary>
/// One question to the stack host on a connection that lives only during the call, so the program never holds a
/// descriptor that it did not ask for. The socket in question travels along as the proof that the caller holds it.
/// </summary>
internal static unsafe class HostRequest
{
    /// <summary>No socket goes with the request.</summary>
    internal const int NoSocket = -1;

    private const int EIntr = -(int)Errno.EINTR;
    private const int EAgain = -(int)Errno.EAGAIN;

    /// <summary>Asks and waits for the answer.</summary>
    /// <returns>The host's answer; ENETDOWN when there is no host any more; EMFILE and the like.</returns>
    internal static Errno Ask(int socket, Request* request, Reply* reply)
    {
        int attached;
        Errno error = Ask(socket, request, reply, &attached);
        if (attached >= 0)
            _ = Kernel.Close(attached);
        return error;
    }

    /// <summary>Asks what is answered with a descriptor, which is then the caller's; -1 if none came.</summary>
    internal static Errno Ask(int socket, Request* request, Reply* reply, int* attached)
    {
        *attached = -1;
        int connection = Kernel.Socket(AfUnix, SockStream | SockCloexec, 0);
        if (connection < 0)
            return (Errno)(-connection);
        Errno error = ConnectToHost(connection, datagrams: false);
        if (error == Errno.None)
            error = Exchange(connection, socket, request, reply, attached);
        _ = Kernel.Close(connection);
        return error;
    }

    /// <summary>Asks a question that is only an operation and a number.</summary>
    internal static Errno Ask(int socket, Operation operation, int argument, Reply* reply)
    {
        Request request = default;
        request.Operation = operation;
        request.Argument = argument;
        return Ask(socket, &request, reply);
    }

    /// <summary>False if nobody takes requests any more: the host has ended. Does not wait.</summary>
    internal static bool IsHostThere()
    {
        if (!StackHost.IsReachable)
            return false;
        int connection = Kernel.Socket(AfUnix, SockStream | SockNonblock | SockCloexec, 0);
        if (connection < 0)
            return true; // nothing is known
        UnixAddress address;
        uint length = SocketName.WriteRequests(&address);
        int result = Kernel.Connect(connection, &address, length);
        _ = Kernel.Close(connection);
        return result != -(int)Errno.ECONNREFUSED;
    }

    /// <summary>Connects a socket to the host; ENETDOWN if there is none.</summary>
    internal static Errno ConnectToHost(int socket, bool datagrams)
    {
        const int waitForRoomMilliseconds = 1;
        if (!StackHost.IsReachable)
            return Errno.ENETDOWN;
        UnixAddress address;
        uint length = datagrams ? SocketName.WriteDatagrams(&address) : SocketName.WriteRequests(&address);
        while (true)
        {
            int result = Kernel.Connect(socket, &address, length);
            switch (result)
            {
                case >= 0:
                    return Errno.None;
                case EIntr:
                    continue;
                case EAgain:
                    // The host's backlog is full and the socket does not block: the host will not be long.
                    _ = Kernel.Poll(HostRequest.NoSocket, 0, waitForRoomMilliseconds);
                    continue;
                case -(int)Errno.EISCONN or -(int)Errno.EINVAL:
                    return Errno.EISCONN;
                default:
                    return Errno.ENETDOWN;
            }
        }
    }

    /// <summary>
    /// Tells the host something that needs no answer, and does not wait: what is asked later is answered later, because
    /// the host reads the notes first.
    /// </summary>
    /// <returns>EAGAIN when it cannot be told this way at the moment; ENETDOWN when there is no host any more.</returns>
    internal static Errno Tell(int socket, Request* request)
    {
        if (!StackHost.IsReachable)
            return Errno.ENETDOWN;
        int sender = Kernel.Socket(AfUnix, SockDgram | SockCloexec, 0);
        if (sender < 0)
            return (Errno)(-sender);
        UnixAddress address;
        uint length = SocketName.WriteNotes(&address);
        nint sent = Send(sender, socket, request, &address, length, MsgDontwait);
        _ = Kernel.Close(sender);
        return sent switch
        {
            _ when sent == sizeof(Request) => Errno.None,
            -(int)Errno.ECONNREFUSED => Errno.ENETDOWN,
            -(int)Errno.EBADF => Errno.EBADF,
            _ => Errno.EAGAIN,
        };
    }

    private static Errno Exchange(int connection, int socket, Request* request, Reply* reply, int* attached)
    {
        nint sent = Send(connection, socket, request, null, 0, 0);
        if (sent == -(int)Errno.ETOOMANYREFS)
            return Errno.ENOBUFS;
        if (sent != sizeof(Request))
            return sent == -(int)Errno.EBADF ? Errno.EBADF : Errno.ENETDOWN;
        return ReadReply(connection, reply, attached);
    }

    private static nint Send(int through, int socket, Request* request, UnixAddress* to, uint toLength, int flags)
    {
        StackHost.Sign(request);
        IoVector vector = new() { Base = (byte*)request, Length = (nuint)sizeof(Request) };
        MessageHeader message = new() { Name = (byte*)to, NameLength = toLength, Vectors = &vector, VectorCount = 1 };
        return Send(through, socket, &message, flags);
    }

    /// <summary>Sends a message with a descriptor, unless that is <see cref="NoSocket"/>.</summary>
    internal static nint Send(int through, int attached, MessageHeader* message, int flags)
    {
        DescriptorControl control;
        if (attached != NoSocket)
            Attach(message, &control, attached);

        nint sent;
        do
            sent = Kernel.SendMessage(through, message, MsgNosignal | flags);
        while (sent == EIntr);
        return sent == -(int)Errno.ETOOMANYREFS ? DescriptorsInFlight.SendBeyond(through, message, MsgNosignal | flags) : sent;
    }

    /// <summary>Has a message take a descriptor along.</summary>
    internal static void Attach(MessageHeader* message, DescriptorControl* control, int descriptor)
    {
        *control = default;
        control->Header.Length = (nuint)(sizeof(ControlHeader) + sizeof(int));
        control->Header.Level = SolSocket;
        control->Header.Type = ScmRights;
        control->Descriptor = descriptor;
        message->Control = (byte*)control;
        message->ControlLength = (nuint)sizeof(DescriptorControl);
    }

    private static Errno ReadReply(int connection, Reply* reply, int* attached)
    {
        int received = 0;
        while (received < sizeof(Reply))
        {
            DescriptorControl control = default;
            IoVector vector = new() { Base = (byte*)reply + received, Length = (nuint)(sizeof(Reply) - received) };
            MessageHeader message = new()
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = (byte*)&control,
                ControlLength = (nuint)sizeof(DescriptorControl),
            };
            nint count = Kernel.ReceiveMessage(connection, &message, MsgCmsgCloexec);
            if (count >= 0 && message.ControlLength >= (nuint)(sizeof(ControlHeader) + sizeof(int)) && *attached < 0)
                *attached = control.Descriptor;
            if (count > 0)
                received += (int)count;
            else if (count != EIntr)
                return Errno.ENETDOWN;
        }

        return reply->Magic == HostProtocol.Magic ? (Errno)reply->Error : Errno.ENETDOWN;
    }
}
