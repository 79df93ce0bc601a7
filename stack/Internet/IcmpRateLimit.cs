using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>
/// Keeps the ICMP errors that we send few (RFC 1812 §4.3.2.8), with Linux's numbers: a thousand a second over all
/// (icmp_msgs_per_sec, icmp_msgs_burst) and one a second to one destination after six at once (icmp_ratelimit).
/// </summary>
internal sealed class IcmpRateLimit(Entropy entropy)
{
    public const int TotalPerSecond = 1000;
    public const int TotalBurst = 50;
    public const int PerHostPerSecond = 1;
    public const int PerHostBurst = 6;

    private const int HostCount = 256; // a power of two

    private readonly Bucket[] _hosts = new Bucket[HostCount];
    private readonly uint _secret = entropy.NextUInt32();
    private Bucket _total = new() { Tokens = TotalBurst };

    public bool TryTake(IpAddress destination, Instant now)
    {
        ref Bucket host = ref _hosts[(destination.V4 ^ _secret) * 2654435761 >> 24];
        if (host.Owner != destination)
            host = new Bucket { Owner = destination, Tokens = PerHostBurst, FilledAt = now };
        host.Fill(PerHostPerSecond, PerHostBurst, now);
        _total.Fill(TotalPerSecond, TotalBurst, now);
        if (host.Tokens < 1 || _total.Tokens < 1)
            return false;
        host.Tokens--;
        _total.Tokens--;
        return true;
    }

    private struct Bucket
    {
        public IpAddress Owner;
        public double Tokens;
        public Instant FilledAt;

        public void Fill(int perSecond, int burst, Instant now)
        {
            Tokens = double.Min(burst, Tokens + (perSecond * (now - FilledAt).TotalSeconds));
            FilledAt = now;
        }
    }
}
