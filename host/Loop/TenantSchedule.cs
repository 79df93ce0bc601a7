using Pyco.Stack;

namespace Pyco.Host.Loop;

/// <summary>Which tenants of a loop run next: those that were woken, in order, and those whose time has come.</summary>
internal sealed class TenantSchedule
{
    /// <summary>
    /// Runs in one turn before the descriptors are heard again: two stacks that talk to each other in memory could else
    /// go on for as long as they have something to say.
    /// </summary>
    private const int RunsPerTurn = 256;

    private readonly Queue<LoopTenant> _awake = new();
    private readonly Queue<LoopTenant> _nextTurn = new();

    // A tenant whose time moves later keeps its place until that comes up, because most deadlines move with every packet.
    private readonly PriorityQueue<LoopTenant, Instant> _byTime = new();
    private LoopTenant? _running;
    private int _left;

    /// <summary>True if a tenant wants to run without waiting for anything.</summary>
    public bool IsAnyAwake => _awake.Count > 0 || _nextTurn.Count > 0;

    public void Add(LoopTenant tenant)
    {
        tenant.Enter(this);
        if (tenant.IsAwake)
            Wake(tenant);
        else
            tenant.Wake();
    }

    /// <summary>It will not run again; what the queues still hold of it is passed over.</summary>
    public void Remove(LoopTenant tenant)
    {
        if (tenant.IsIn(this))
            tenant.Enter(null);
    }

    public void Wake(LoopTenant tenant) => (tenant == _running ? _nextTurn : _awake).Enqueue(tenant);

    /// <summary>The earliest deadline, or null.</summary>
    public Instant? Earliest()
    {
        while (_byTime.TryPeek(out LoopTenant? tenant, out Instant place))
        {
            if (IsValid(tenant, place) && tenant.NextRun == place)
                return place;
            _byTime.Dequeue();
            if (IsValid(tenant, place))
                Place(tenant, isMoved: true);
        }
        return null;
    }

    /// <summary>The next tenant to run in this turn, or null when the turn is over.</summary>
    public LoopTenant? TakeDue(Instant now)
    {
        if (_left == 0)
            BeginTurn(now);
        while (--_left > 0 && _awake.TryDequeue(out LoopTenant? tenant))
        {
            if (tenant.IsIn(this))
                return tenant;
        }
        _left = 0;
        return null;
    }

    /// <summary>Lets a tenant do its work, and notes when it wants to be called again.</summary>
    public void Run(LoopTenant tenant, Instant now)
    {
        _running = tenant;
        try
        {
            tenant.RunNow(now);
        }
        finally
        {
            _running = null;
        }
        Place(tenant, isMoved: false);
    }

    private void BeginTurn(Instant now)
    {
        _left = RunsPerTurn;
        while (_nextTurn.TryDequeue(out LoopTenant? again))
            _awake.Enqueue(again);
        while (Earliest() is { } at && at <= now)
            TakeFirst().Wake();
    }

    private LoopTenant TakeFirst()
    {
        LoopTenant tenant = _byTime.Dequeue();
        tenant.PlaceInSchedule = null;
        return tenant;
    }

    private bool IsValid(LoopTenant tenant, Instant place) => tenant.IsIn(this) && tenant.PlaceInSchedule == place;

    private void Place(LoopTenant tenant, bool isMoved)
    {
        if (isMoved)
            tenant.PlaceInSchedule = null;
        if (tenant.NextRun is not { } at || !tenant.IsIn(this) || tenant.PlaceInSchedule <= at)
            return;
        tenant.PlaceInSchedule = at;
        _byTime.Enqueue(tenant, at);
    }
}
