using Pyco.Stack;
using Pyco.Stack.Transit;

namespace Pyco.Network.Gateway;

/// <summary>What the machine's kernel says of a destination, in the words of the ICMP errors that hosts get for it.</summary>
internal static class Refusals
{
    /// <summary>The reason to tell, or null where nothing is to be said: the packet counts as lost.</summary>
    public static UnreachableReason? ReasonFor(Errno error) => error switch
    {
        Errno.ECONNREFUSED => UnreachableReason.Port,
        Errno.ENETUNREACH or Errno.ENETDOWN or Errno.EAFNOSUPPORT or Errno.EINVAL => UnreachableReason.Network,
        Errno.EHOSTUNREACH or Errno.EHOSTDOWN => UnreachableReason.Host,
        Errno.EACCES or Errno.EPERM => UnreachableReason.Prohibited,
        _ => null,
    };
}
