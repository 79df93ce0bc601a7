using Pyco.Host.Protocol;
using Pyco.Stack;

namespace Pyco.Shim;

/// <summary>The host's interfaces, <c>lo</c> and <c>vde0</c>, address by address.</summary>
internal static unsafe class Interfaces
{
    internal const int NameCapacity = 16;

    /// <summary>IFF_BROADCAST.</summary>
    internal const uint FlagBroadcast = 2;

    /// <summary>The address of that number, from 0; false behind the last one or without a host.</summary>
    internal static bool TryGet(int number, Reply* reply) => Get(number, reply) == Errno.None;

    /// <returns>ENODEV behind the last one; ENETDOWN without a host; EMFILE and the like.</returns>
    internal static Errno Get(int number, Reply* reply)
    {
        Errno error = HostRequest.Ask(HostRequest.NoSocket, Operation.GetInterface, number, reply);
        return error == Errno.None && reply->OptionLength < sizeof(InterfaceDescription) ? Errno.ENETDOWN : error;
    }

    internal static InterfaceDescription* Description(Reply* reply) => (InterfaceDescription*)reply->Option;

    /// <summary>The first address of the interface of that name.</summary>
    internal static bool TryFind(byte* name, uint length, Reply* reply)
    {
        for (int number = 0; TryGet(number, reply); number++)
        {
            if (HasName(Description(reply), name, length))
                return true;
        }

        return false;
    }

    /// <summary>The subnet mask, as an address without a port.</summary>
    internal static WireAddress Netmask(Reply* reply)
    {
        WireAddress mask = default;
        mask.Family = reply->Address.Family;
        bool v4 = SocketAddress.IsMapped(reply->Address.Octets);
        if (v4)
            SocketAddress.WriteMapped(mask.Octets, 0);
        int first = v4 ? 96 : 0;
        for (int bit = first; bit < first + Description(reply)->PrefixLength; bit++)
            mask.Octets[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return mask;
    }

    /// <summary>The subnet's broadcast address: all host bits set.</summary>
    internal static WireAddress Broadcast(Reply* reply)
    {
        WireAddress address = reply->Address;
        WireAddress mask = Netmask(reply);
        address.Port = 0;
        for (int i = 12; i < 16; i++)
            address.Octets[i] |= (byte)~mask.Octets[i];
        return address;
    }

    private static bool HasName(InterfaceDescription* description, byte* name, uint length)
    {
        for (int i = 0; i < NameCapacity; i++)
        {
            byte wanted = i < length ? name[i] : (byte)0;
            if (description->Name[i] != wanted)
                return false;
            if (wanted == 0)
                return true;
        }

        return true;
    }
}
