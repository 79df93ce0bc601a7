using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Loop;

/// <summary>SIGTERM and SIGINT end the loop; SIGHUP, the end of the terminal, is the program's business.</summary>
internal sealed class Interruption : EventSource, IDisposable
{
    private readonly EventLoop _loop;
    private readonly PosixSignalRegistration[] _registrations;

    public unsafe Interruption(EventLoop loop)
    {
        const int nonBlocking = Constants.SockNonblock | Constants.SockCloexec; // EFD_* have the same values
        _loop = loop;
        Descriptor = Libc.eventfd(0, nonBlocking);
        if (Descriptor < 0)
            throw SystemCallException.Last("eventfd");
        loop.Add(this, Constants.EpollIn);
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => context.Cancel = true),
        ];
    }

    public override void OnEvents(uint events, Instant now)
    {
        _loop.Detach(this);
        _loop.StopRequested = true;
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _ = Libc.close(Descriptor);
    }

    private unsafe void Interrupt(PosixSignalContext context)
    {
        context.Cancel = true;
        ulong one = 1;
        _ = Libc.write(Descriptor, &one, sizeof(ulong));
    }
}
