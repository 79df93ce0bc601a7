using Pyco.Posix;

namespace Pyco.Host.Bridge;

/// <summary>The kernel's buffers of the host's ends: what the program's reads are served from.</summary>
internal static unsafe class SocketBuffers
{
    /// <summary>Room for a receive window on a local network; the kernel cuts it to net.core.wmem_max.</summary>
    private const int WantedOctets = 1 << 20;

    public static void Enlarge(int descriptor)
    {
        int octets = WantedOctets;
        _ = Libc.setsockopt(descriptor, Constants.SolSocket, Constants.SoSndbuf, &octets, sizeof(int));
    }
}
