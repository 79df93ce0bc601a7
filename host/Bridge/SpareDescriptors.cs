using Pyco.Posix;

namespace Pyco.Host.Bridge;

/// <summary>
/// Descriptors kept for the time when there are no others, so that a request can still be answered, if only with an
/// error: a program that waited for the answer could never close the sockets that are too many.
/// </summary>
internal sealed class SpareDescriptors : IDisposable
{
    /// <summary>A request's connection, the socket attached to it, and the socket that asks for a name.</summary>
    private const int Wanted = 3;

    private readonly Stack<int> _spares = new();

    public SpareDescriptors() => Refill();

    /// <summary>Gives them back to the kernel, for the next calls to use.</summary>
    /// <returns>False if there are not enough to serve a request.</returns>
    public bool TryRelease()
    {
        bool isEnough = _spares.Count == Wanted;
        if (isEnough)
            Dispose();
        return isEnough;
    }

    /// <summary>Takes as many as can be had.</summary>
    public void Refill()
    {
        while (_spares.Count < Wanted)
        {
            int spare = Libc.eventfd(0, Constants.SockCloexec); // EFD_CLOEXEC has the same value
            if (spare < 0)
                return;
            _spares.Push(spare);
        }
    }

    public void Dispose()
    {
        while (_spares.TryPop(out int spare))
            _ = Libc.close(spare);
    }
}
