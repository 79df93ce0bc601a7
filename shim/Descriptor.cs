using Pyco.Host.Protocol;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>
/// Which descriptors are ours, and in what state: the word that the shim keeps in the kernel socket itself
/// (<see cref="HostProtocol.StateMark"/>), true in every process that holds the socket.
/// </summary>
internal static unsafe class Descriptor
{
    /// <summary>The usual soft limit of RLIMIT_NOFILE.</summary>
    private const int InheritedDescriptorsToLookAt = 1024;

    /// <summary>
    /// This process has had a UDP socket of ours to do with. Until then read() and its kin need not ask what kind of
    /// descriptor they got.
    /// </summary>
    internal static bool AnyDatagram { get; private set; }

    internal static void NoteDatagram()
    {
        // A vfork child shares its parent's memory; writing only what is not yet so keeps the page clean.
        if (!AnyDatagram)
            AnyDatagram = true;
    }

    /// <summary>True for a socket of ours, which then tells its state; about 100 ns.</summary>
    internal static bool IsOurs(int fd, out SocketState state)
    {
        state = SocketState.None;
        if (!StackHost.IsConfigured)
            return false;
        int word = 0;
        uint length = sizeof(int);
        if (Kernel.GetOption(fd, SolSocket, SoIncomingCpu, &word, &length) < 0 ||
            (word & HostProtocol.StateMarkMask) != HostProtocol.StateMark)
            return false;
        state = (SocketState)(word & ~HostProtocol.StateMarkMask);
        return true;
    }

    internal static bool IsOurDatagram(int fd, out SocketState state) =>
        IsOurs(fd, out state) && (state & SocketState.Datagram) != 0;

    internal static bool IsOurStream(int fd, out SocketState state) =>
        IsOurs(fd, out state) && (state & SocketState.Datagram) == 0;

    /// <summary>Of a socket of ours: it is for ICMP echo (icmp(7)), not for UDP.</summary>
    internal static bool IsEcho(SocketState state)
    {
        const SocketState kind = SocketState.Datagram | SocketState.V6 | SocketState.Echo;
        return (state & kind) == (SocketState.Datagram | SocketState.Echo);
    }

    internal static void SetState(int fd, SocketState state)
    {
        int word = HostProtocol.StateMark | (int)state;
        _ = Kernel.SetOption(fd, SolSocket, SoIncomingCpu, &word, sizeof(int));
    }

    /// <summary>The kernel's number of the socket, the same in all its duplicates.</summary>
    internal static ulong Cookie(int fd)
    {
        ulong cookie = 0;
        uint length = sizeof(ulong);
        _ = Kernel.GetOption(fd, SolSocket, SoCookie, &cookie, &length);
        return cookie;
    }

    internal static bool IsNonBlocking(int fd) => (Kernel.FileControl(fd, FGetFl, 0) & ONonblock) != 0;

    /// <summary>SO_RCVTIMEO or SO_SNDTIMEO; -1 for none.</summary>
    internal static long TimeoutMilliseconds(int fd, int option)
    {
        TimeSpec timeout = default; // a struct timeval: seconds and microseconds
        uint length = (uint)sizeof(TimeSpec);
        if (Kernel.GetOption(fd, SolSocket, option, &timeout, &length) < 0)
            return -1;
        long milliseconds = (timeout.Seconds * 1000) + ((timeout.Nanoseconds + 999) / 1000);
        return milliseconds == 0 ? -1 : milliseconds;
    }

    /// <summary>Looks for sockets that an exec has brought, as inetd, a shell's redirection or a parent hand them over.</summary>
    internal static void LookForInheritedDatagramSockets()
    {
        const int batch = 64;
        PollDescriptor* entries = stackalloc PollDescriptor[batch];
        for (int first = 0; first < InheritedDescriptorsToLookAt && !AnyDatagram; first += batch)
        {
            for (int i = 0; i < batch; i++)
                entries[i] = new() { Descriptor = first + i };

            // One call says of all which are open. It fails where the limit of descriptors is lower than the batch.
            bool knowsOpen = Kernel.PollNow(entries, batch) >= 0;
            for (int i = 0; i < batch; i++)
            {
                if (!knowsOpen || (entries[i].Returned & PollNval) == 0)
                    NoteIfOurDatagram(first + i);
            }
        }
    }

    /// <summary>Looks at the descriptors that came with a message (SCM_RIGHTS).</summary>
    internal static void LookForPassedDatagramSockets(MessageHeader* message)
    {
        byte* at = message->Control;
        nuint left = message->ControlLength;
        while (!AnyDatagram && at != null && left >= (nuint)sizeof(ControlHeader))
        {
            ControlHeader* control = (ControlHeader*)at;
            nuint length = control->Length;
            if (length < (nuint)sizeof(ControlHeader) || length > left)
                return;
            if (control->Level == SolSocket && control->Type == ScmRights)
                LookAt((int*)(control + 1), (int)((length - (nuint)sizeof(ControlHeader)) / sizeof(int)));
            nuint step = (length + 7) & ~(nuint)7;
            if (step >= left)
                return;
            at += step;
            left -= step;
        }
    }

    private static void LookAt(int* descriptors, int count)
    {
        for (int i = 0; i < count; i++)
            NoteIfOurDatagram(descriptors[i]);
    }

    private static void NoteIfOurDatagram(int fd)
    {
        if (!IsOurDatagram(fd, out _))
            return;
        NoteDatagram();
        DatagramRoute.Learn();
    }
}
