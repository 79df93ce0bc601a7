using System.Globalization;
using Pyco.Stack;

namespace Pyco.Network.Gateway;

/// <summary>Counts what hosts were not let through to, and tells some of it.</summary>
internal sealed class DenialLog(Action<string> log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private Instant? _toldAt;
    private long _untold;

    public long Count { get; private set; }

    public void Note(string protocol, string source, string destination, Instant now)
    {
        Count++;
        if (now - _toldAt < Interval)
        {
            _untold++;
            return;
        }
        _toldAt = now;
        string others = _untold == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" ({_untold} others since the last such line)");
        log($"gateway: {source} may not reach {destination} by {protocol}: see --allow{others}");
        _untold = 0;
    }
}
