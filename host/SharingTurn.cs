using System.Runtime.InteropServices;
using Pyco.Host.Bridge;
using Pyco.Host.Control;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host;

/// <summary>
/// Shares the process, or waits until the one that has the name ends: of processes that start at the same moment one gets it, which may be
/// the one that lives shortest. Who waits holds a connection to the other, whose end tells him, and needs no clock.
/// </summary>
internal sealed unsafe class SharingTurn(PluggedHosts hosts, HostSharingOptions options) : EventSource, IDisposable
{
    /// <summary>Tries that come to nothing at once: somebody has the name who is not like us.</summary>
    private const int MostAttempts = 10;

    /// <summary>A wait that was one: what comes after it begins anew.</summary>
    private static readonly TimeSpan RealWait = TimeSpan.FromSeconds(1);

    private HostSharing? _sharing;
    private Instant _waitsSince;
    private int _attempts;

    /// <summary>Takes the name, or begins to wait for it.</summary>
    public void Begin(Instant now)
    {
        while (_attempts++ < MostAttempts)
        {
            try
            {
                _sharing = new HostSharing(hosts, options);
                return;
            }
            catch (SystemCallException failure)
            {
                if ((Errno)failure.Errno != Errno.EADDRINUSE)
                    return; // it is not worth more
            }
            if (TryWait(now))
                return;
        }
    }

    /// <summary>The other one has ended, or does not want to be waited for.</summary>
    public override void OnEvents(uint events, Instant now)
    {
        StopWaiting();
        if (now - _waitsSince >= RealWait)
            _attempts = 0;
        Begin(now);
    }

    public void Dispose()
    {
        StopWaiting();
        _sharing?.Dispose();
    }

    /// <summary>False if the other one has just ended.</summary>
    private bool TryWait(Instant now)
    {
        Descriptor = UnixAddress.Dial(UnixAddress.Abstract(options.Name));
        if (Descriptor < 0)
            return DescriptorShortage.Is((Errno)Marshal.GetLastPInvokeError());
        byte[] request = new ControlRequest(HostSharing.Wait, "").ToOctets();
        fixed (byte* start = request)
        {
            if (Libc.send(Descriptor, start, (nuint)request.Length, Constants.MsgNosignal) == request.Length &&
                hosts.Loop.TryAdd(this, Constants.EpollIn | Constants.EpollRdhup))
            {
                _waitsSince = now;
                return true;
            }
        }
        StopWaiting();
        return false;
    }

    private void StopWaiting()
    {
        if (Descriptor < 0)
            return;
        hosts.Loop.Remove(this);
        _ = Libc.close(Descriptor);
        Descriptor = -1;
    }
}
