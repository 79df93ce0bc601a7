using System.Runtime.InteropServices;

namespace Pyco.Bench;

/// <summary>Ctrl-C and its like end every wait, so that all is cleaned up on the way out.</summary>
internal sealed class Interruption : IDisposable
{
    private static readonly CancellationTokenSource Source = new();

    private readonly PosixSignalRegistration[] _registrations =
    [
        .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }
            .Select(signal => PosixSignalRegistration.Create(signal, OnSignal)),
    ];

    public static CancellationToken Token => Source.Token;

    /// <exception cref="BenchException">It was interrupted meanwhile.</exception>
    public static void Sleep(TimeSpan time)
    {
        if (Token.WaitHandle.WaitOne(time))
            throw new BenchException("interrupted");
    }

    public void Dispose() => Array.ForEach(_registrations, registration => registration.Dispose());

    private static void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        Source.Cancel();
    }
}
