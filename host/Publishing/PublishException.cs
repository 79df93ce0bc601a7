using System.Runtime.InteropServices;
using Pyco.Stack;

namespace Pyco.Host.Publishing;

/// <summary>A port cannot be published; the message is one line for the user.</summary>
internal sealed class PublishException : IOException
{
    private PublishException(string message, bool isInUse)
        : base(message) => IsInUse = isInUse;

    /// <summary>Somebody else has the port, which may pass.</summary>
    public bool IsInUse { get; }

    /// <summary>For the system call that just returned -1.</summary>
    public static PublishException Last(PublishedPort port)
    {
        int number = Marshal.GetLastPInvokeError();
        string reason = (Errno)number switch
        {
            Errno.EADDRINUSE => $"{port.DescribeOutside()} is in use on this machine: choose another with -p",
            Errno.EACCES =>
                $"no permission to publish {port.DescribeOutside()}: " +
                "ports below net.ipv4.ip_unprivileged_port_start are for root, choose another with -p",
            Errno.EADDRNOTAVAIL => $"{port.Outside.Address} is not an address of this machine: choose another with -p",
            Errno.EAFNOSUPPORT => $"cannot publish {port.DescribeOutside()}: this machine has no IPv6",
            _ => $"cannot publish {port.DescribeOutside()}: {Marshal.GetPInvokeErrorMessage(number)}",
        };
        return new PublishException(reason, (Errno)number == Errno.EADDRINUSE);
    }
}
