namespace Pyco.Vde.Switching;

/// <summary>The ports of a switch by number, and what was set for numbers that nobody has at present.</summary>
internal sealed class PortTable
{
    private readonly List<SwitchPort> _ports = [];
    private readonly SortedDictionary<int, PortSettings> _settings = [];
    private readonly HashSet<int> _created = [];

    public IReadOnlyList<SwitchPort> Ports => _ports;

    /// <summary>Of all ports that are in use, were created, or have something set.</summary>
    public IReadOnlyCollection<PortSettings> Settings => _settings.Values;

    /// <summary>The highest number.</summary>
    public int Limit { get; set; } = Switch.DefaultPortLimit;

    public SwitchPort? Find(int number)
    {
        int index = PlaceOf(number);
        return Has(index, number) ? _ports[index] : null;
    }

    public PortSettings? FindSettings(int number) => _settings.GetValueOrDefault(number);

    /// <summary>Makes a port that is given only to who asks for its number, and stays without a plug.</summary>
    public PortSettings? TryCreate(int number)
    {
        if (number < 1 || number > Limit || _settings.ContainsKey(number))
            return null;
        PortSettings settings = new(number) { IsAllocatable = false };
        _settings.Add(number, settings);
        _created.Add(number);
        return settings;
    }

    /// <summary>Forgets what was set for a port that nobody has.</summary>
    public bool TryForget(int number)
    {
        if (Find(number) is not null || !_settings.Remove(number))
            return false;
        _created.Remove(number);
        return true;
    }

    /// <summary>The settings that a new port comes to, or null if there is no such port for it.</summary>
    /// <param name="wanted">The number, or 0 for the lowest free one.</param>
    /// <param name="mayHave">Whether it may have a port.</param>
    public PortSettings? Choose(int wanted, Predicate<PortSettings>? mayHave)
    {
        if (wanted > 0)
        {
            bool isFree = wanted <= Limit && Find(wanted) is null;
            PortSettings settings = FindSettings(wanted) ?? new PortSettings(wanted);
            return isFree && (mayHave is null || mayHave(settings)) ? settings : null;
        }
        int index = FirstGap();
        for (int number = index + 1; number <= Limit; number++)
        {
            if (Has(index, number))
            {
                index++;
                continue;
            }
            PortSettings settings = FindSettings(number) ?? new PortSettings(number);
            if (settings.IsAllocatable && (mayHave is null || mayHave(settings)))
                return settings;
        }
        return null;
    }

    public void Add(SwitchPort port, PortSettings settings)
    {
        port.Number = settings.Number;
        _ports.Insert(PlaceOf(port.Number), port);
        _settings[port.Number] = settings;
    }

    public bool Remove(SwitchPort port)
    {
        int index = PlaceOf(port.Number);
        if (index == _ports.Count || _ports[index] != port)
            return false;
        _ports.RemoveAt(index);
        if (port.Settings.IsDefault && !_created.Contains(port.Number))
            _settings.Remove(port.Number);
        return true;
    }

    private bool Has(int index, int number) => index < _ports.Count && _ports[index].Number == number;

    /// <summary>Where the port of this number is, or would be put.</summary>
    private int PlaceOf(int number)
    {
        int low = 0;
        int high = _ports.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_ports[middle].Number < number)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>The lowest index whose number is free: all before it are numbered without a gap.</summary>
    private int FirstGap()
    {
        int low = 0;
        int high = _ports.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_ports[middle].Number == middle + 1)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
