using System.Collections.Immutable;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// Gives each of several devices one of its places, where a place takes only so many devices. It is
/// exact: a device whose places are taken makes other devices move to other places.
/// </summary>
internal sealed class Matching
{
    private const int Nowhere = -1;

    private readonly ImmutableArray<ImmutableArray<int>> _placesOf;
    private readonly ImmutableArray<int> _sizes;
    private readonly int[] _placeOf;
    private readonly int[] _taken;
    private readonly bool[] _isFixed;

    private Matching(ImmutableArray<ImmutableArray<int>> placesOf, ImmutableArray<int> sizes)
    {
        (_placesOf, _sizes) = (placesOf, sizes);
        _placeOf = [.. placesOf.Select(_ => Nowhere)];
        _taken = new int[sizes.Length];
        _isFixed = new bool[placesOf.Length];
    }

    /// <param name="placesOf">The numbers of the places that each device can have.</param>
    /// <param name="sizes">How many devices each place takes.</param>
    /// <returns>Null when there is no place for each device at the same time.</returns>
    public static Matching? Of(ImmutableArray<ImmutableArray<int>> placesOf, ImmutableArray<int> sizes)
    {
        var matching = new Matching(placesOf, sizes);
        for (var device = 0; device < placesOf.Length; device++)
        {
            if (!matching.TryMove(device, new bool[sizes.Length]))
                return null;
        }

        return matching;
    }

    /// <summary>
    /// Gives a device a certain one of its places for good. Other devices that are not fixed move
    /// to other places for that.
    /// </summary>
    /// <returns>
    /// False, and nothing has changed, when the other devices would not all fit then.
    /// </returns>
    public bool TryFix(int device, int place)
    {
        if (_placeOf[device] != place && !TryExchange(device, place))
            return false;
        _isFixed[device] = true;
        return true;
    }

    private bool TryExchange(int device, int place)
    {
        var before = _placeOf[device];
        // Another device may move to the place that this one leaves.
        _taken[before]--;
        _placeOf[device] = Nowhere;
        var tried = new bool[_sizes.Length];
        tried[place] = true;
        var hasRoom = TryMakeRoom(place, tried);
        Put(device, hasRoom ? place : before);
        return hasRoom;
    }

    /// <param name="tried">The places that need not be tried any more.</param>
    private bool TryMove(int device, bool[] tried)
    {
        foreach (var place in _placesOf[device])
        {
            if (tried[place])
                continue;
            tried[place] = true;
            if (!TryMakeRoom(place, tried))
                continue;
            Put(device, place);
            return true;
        }

        return false;
    }

    private bool TryMakeRoom(int place, bool[] tried)
    {
        if (_taken[place] < _sizes[place])
            return true;
        for (var other = 0; other < _placeOf.Length; other++)
        {
            if (_placeOf[other] == place && !_isFixed[other] && TryMove(other, tried))
                return true;
        }

        return false;
    }

    private void Put(int device, int place)
    {
        if (_placeOf[device] != Nowhere)
            _taken[_placeOf[device]]--;
        _placeOf[device] = place;
        _taken[place]++;
    }
}
