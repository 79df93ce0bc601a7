using Pyco.Host.Protocol;
using static Pyco.Posix.Constants;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>
/// Which descriptors are ours, and in what state: the word that the shim keeps in the kernel socket itself
/// (<see cref="HostProtocol.StateMark"/>), true in every process that holds the socket.
/// </summary>
internal static unsafe class Descriptor
{
    private const int InheritedDescriptorsToLookAt = 32;

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

    /// <summary>A service started by inetd's rules, or by a shell's redirection, gets its socket at a low number.</summary>
    internal static void LookForInheritedDatagramSockets()
    {
        for (int fd = 0; fd < InheritedDescriptorsToLookAt && !AnyDatagram; fd++)
        {
            if (IsOurDatagram(fd, out _))
                NoteDatagram();
        }
    }
}
