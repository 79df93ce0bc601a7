using Pyco.Host.Protocol;
using Pyco.Stack;

namespace Pyco.Shim;

/// <summary>The host's interfaces, <c>lo</c> and <c>vde0</c>, address by address.</summary>
internal static unsafe class Interfaces
{
    internal const int NameCapacity = 16;

    /// <summary>The address of that number, from 0; false behind the last one or without a host.</summary>
    internal static bool TryGet(int number, Reply* reply) =>
        HostRequest.Ask(HostRequest.NoSocket, Operation.GetInterface, number, reply) == Errno.None &&
        reply->OptionLength >= sizeof(InterfaceDescription);

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
