using System.Runtime.InteropServices;

namespace Pyco.Posix;

/// <summary>A system call failed that cannot fail unless the machine is out of something or we have a bug.</summary>
internal sealed class SystemCallException : IOException
{
    public SystemCallException(string call, int errno)
        : base($"{call}: {Marshal.GetPInvokeErrorMessage(errno)}") => Errno = errno;

    public int Errno { get; }

    /// <summary>For the call that just returned -1.</summary>
    public static SystemCallException Last(string call) => new(call, Marshal.GetLastPInvokeError());
}
