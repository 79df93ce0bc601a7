using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using static Pyco.Posix.Constants;

namespace Pyco.Shim.Resolver;

/// <summary>getnameinfo(3).</summary>
internal static unsafe class NameInfo
{
    private const int NiNumericHost = 1;
    private const int NiNumericServ = 2;
    private const int NiNameReqd = 8;
    private const int NiDgram = 16;
    private const int EaiNoName = -2;
    private const int EaiAgain = -3;
    private const int EaiFamily = -6;
    private const int EaiOverflow = -12;

    [UnmanagedCallersOnly(EntryPoint = "getnameinfo")]
    public static int Get(
        byte* address, uint length, byte* host, uint hostCapacity, byte* service, uint serviceCapacity, int flags)
    {
        Startup.Ensure();
        if (!StackHost.IsConfigured || SocketAddress.Family(address, length) is not (AfInet or AfInet6))
            return Next.GetNameInfo(address, length, host, hostCapacity, service, serviceCapacity, flags);
        WireAddress wire;
        if (SocketAddress.ReadEither(address, length, &wire) != Stack.Errno.None)
            return EaiFamily;
        bool wantsHost = host != null && hostCapacity > 0;
        bool wantsService = service != null && serviceCapacity > 0;
        if (!wantsHost && !wantsService)
            return EaiNoName;
        int error = wantsHost ? WriteHost(&wire, host, hostCapacity, flags) : 0;
        return error == 0 && wantsService ? WriteService(wire.Port, service, serviceCapacity, flags) : error;
    }

    private static int WriteHost(WireAddress* address, byte* host, uint capacity, int flags)
    {
        byte* name = stackalloc byte[HostsFile.NameCapacity];
        Lookup answer = (flags & NiNumericHost) == 0 ? NameLookup.FindName(address, name) : Lookup.NoName;
        if (answer == Lookup.Found)
            return Give(name, host, capacity);
        if ((flags & NiNameReqd) != 0)
            return answer == Lookup.TryAgain ? EaiAgain : EaiNoName;
        bool v4 = address->Family == AfInet;
        byte* octets = v4 ? address->Octets + 12 : address->Octets;
        return Libc.inet_ntop(v4 ? AfInet : AfInet6, octets, host, capacity) != null ? 0 : EaiOverflow;
    }

    private static int WriteService(ushort port, byte* service, uint capacity, int flags)
    {
        const int bufferLength = 1024;
        const int digits = 5;
        byte* buffer = stackalloc byte[bufferLength];
        if ((flags & NiNumericServ) == 0)
        {
            ServiceEntry entry;
            ServiceEntry* found;
            fixed (byte* tcp = "tcp\0"u8)
            fixed (byte* udp = "udp\0"u8)
            {
                byte* protocol = (flags & NiDgram) != 0 ? udp : tcp;
                int networkPort = SocketAddress.Swap(port);
                if (Libc.getservbyport_r(networkPort, protocol, &entry, buffer, bufferLength, &found) == 0 &&
                    found != null)
                    return Give(found->Name, service, capacity);
            }
        }

        byte* at = buffer + digits;
        *at = 0;
        int left = port;
        do
        {
            *--at = (byte)('0' + (left % 10));
            left /= 10;
        }
        while (left > 0);
        return Give(at, service, capacity);
    }

    private static int Give(byte* text, byte* destination, uint capacity)
    {
        int length = Memory.Length(text) + 1;
        if (length > capacity)
            return EaiOverflow;
        Memory.Copy(destination, text, length);
        return 0;
    }
}
