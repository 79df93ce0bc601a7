using System.Runtime.InteropServices;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Bridge;

/// <summary>One of the host's listening sockets.</summary>
internal sealed unsafe class Acceptor : EventSource, IDisposable
{
    private readonly Action<int, Instant> _accepted;

    /// <exception cref="SystemCallException">The name is taken, or the kernel is out of something.</exception>
    public Acceptor(in UnixAddress name, int type, int backlog, Action<int, Instant> accepted)
    {
        _accepted = accepted;
        Descriptor = Libc.socket(Constants.AfUnix, type | Constants.SockNonblock | Constants.SockCloexec, 0);
        if (Descriptor < 0 || UnixAddress.Bind(Descriptor, name) < 0 || Libc.listen(Descriptor, backlog) < 0)
            throw SystemCallException.Last("listen");
    }

    public override void OnEvents(uint events, Instant now)
    {
        while (true)
        {
            int descriptor = Libc.accept4(Descriptor, null, null, Constants.SockNonblock | Constants.SockCloexec);
            if (descriptor >= 0)
            {
                _accepted(descriptor, now);
                continue;
            }
            if ((Errno)Marshal.GetLastPInvokeError() is not (Errno.EINTR or Errno.ECONNABORTED))
                return;
        }
    }

    public void Dispose() => _ = Libc.close(Descriptor);
}
