using System.Runtime.InteropServices;
using Pyco.Posix;

namespace Pyco.Cli.Net;

/// <summary>Ctrl-C and SIGTERM, once, for a command that has something to put in order; the second one ends it as usual.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly ManualResetEventSlim _happened = new();
    private readonly Action? _onFirst;
    private readonly PosixSignalRegistration[] _registrations;

    /// <param name="onFirst">Called in another thread.</param>
    public Interrupt(Action? onFirst = null)
    {
        _onFirst = onFirst;
        // A script's shell starts background programs with SIGINT ignored, which the runtime respects. But whoever says kill -INT to a
        // capture means it, as with tcpdump.
        Processes.signal(Processes.SignalInterrupt, Processes.SignalDefault);
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Take),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Take),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Take),
        ];
    }

    /// <summary>Waits for it; false if it has not come within the time.</summary>
    public bool Wait(TimeSpan patience) => _happened.Wait(patience);

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _happened.Dispose();
    }

    private void Take(PosixSignalContext context)
    {
        if (_happened.IsSet)
            return;
        context.Cancel = true;
        _happened.Set();
        _onFirst?.Invoke();
    }
}
