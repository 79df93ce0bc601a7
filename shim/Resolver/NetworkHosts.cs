using Pyco.Host.Protocol;
using Pyco.Stack;

namespace Pyco.Shim.Resolver;

/// <summary>The names of the other hosts of a network of ours, which its process knows.</summary>
internal static unsafe class NetworkHosts
{
    internal static bool TryFindAddress(byte* name, WireAddress* address)
    {
        int length = Memory.Length(name);
        if (length > 0 && name[length - 1] == '.')
            length--;
        if (length is 0 or > HostProtocol.HostNameCapacity)
            return false;
        Request request = default;
        request.Operation = Operation.FindHost;
        request.OptionLength = (ushort)length;
        Memory.Copy(request.Option, name, length);
        Reply reply;
        if (HostRequest.Ask(HostRequest.NoSocket, &request, &reply) != Errno.None)
            return false;
        *address = reply.Address;
        return true;
    }

    /// <summary>Writes the name, NUL-terminated, into room for <see cref="HostsFile.NameCapacity"/>.</summary>
    internal static bool TryFindName(WireAddress* address, byte* name)
    {
        Request request = default;
        request.Operation = Operation.FindHostName;
        request.Address = *address;
        Reply reply;
        if (HostRequest.Ask(HostRequest.NoSocket, &request, &reply) != Errno.None ||
            reply.OptionLength is 0 or > HostProtocol.HostNameCapacity)
            return false;
        Memory.Copy(name, reply.Option, reply.OptionLength);
        name[reply.OptionLength] = 0;
        return true;
    }
}
